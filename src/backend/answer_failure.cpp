#include "backend/answer_failure.h"

#include "base/quoted.h"
#include "base/status.h"
#include "base/text.h"

namespace kn {
namespace {

// The server's own numbers that say more than the HTTP status.
constexpr std::int32_t bad_channel = 451;
constexpr std::int32_t no_channel = 454;
constexpr std::int32_t no_vhost = 455;
constexpr std::int32_t no_group = 456;

kn_status bad_request(const Operation &what, std::int32_t server_code) noexcept {
    return server_code == bad_channel && what.is_about_channel ? KN_EBADCHANNEL : what.bad_request;
}

kn_status not_found(const Operation &what, std::int32_t server_code) noexcept {
    if (server_code == no_vhost)
        return KN_ENOVHOST;
    if (server_code == no_group)
        return KN_ENOGROUP;
    return server_code == no_channel && what.is_about_channel ? KN_ENOCHANNEL : what.not_found;
}

kn_status answer_status(const Operation &what, long http_status,
                        std::int32_t server_code) noexcept {
    switch (http_status) {
    case 400:
        return bad_request(what, server_code);
    case 401:
        return KN_EUNAUTHORIZED;
    case 403:
        return KN_EFORBIDDEN;
    case 404:
        return not_found(what, server_code);
    case 409:
        return KN_ECONFLICT;
    case 413:
        return KN_ETOOBIG;
    case 429:
        return KN_ERATELIMIT;
    case 502:
    case 503:
    case 504:
        return KN_EUNAVAILABLE;
    default:
        break;
    }
    if (http_status >= 400 && http_status < 500)
        return KN_EBADREQUEST;
    if (http_status >= 500 && http_status < 600)
        return KN_ESERVER;
    return KN_EPROTOCOL;
}

/// The server's own words, where they are fit to be shown.
std::string quoted_reason(const Endpoint &where, const std::string &text) {
    constexpr std::size_t longest = 200;
    try {
        require_text(text, "");
    } catch (const Failure &) {
        return "";
    }
    return text.size() > longest || where.is_secret_in(text) ? "" : ": " + text;
}

/// A caller may have given the token in the channel's place.
std::string shown_channel(const Endpoint &where, std::string_view channel) {
    return "the channel" + (channel == where.token.view() ? "" : quoted(channel));
}

/// The status in words that say which channel or vhost they are about, where it has such words.
std::string said_of_subject(const Endpoint &where, const OperationOn &asked, kn_status status) {
    switch (status) {
    case KN_ENOCHANNEL:
        return shown_channel(where, asked.channel) + " of " + where.vhost + " does not exist";
    case KN_EBADCHANNEL:
        return "the name of " + shown_channel(where, asked.channel) + " is not allowed";
    case KN_ENOVHOST:
        return "the vhost " + where.vhost + " does not exist at " + where.origin;
    case KN_EUNAUTHORIZED:
        return "wrong or revoked vhost token for " + where.url();
    default:
        return "";
    }
}

} // namespace

void name_subject(Failure &why, const Endpoint &where, const OperationOn &subject) noexcept {
    if (why.status() == KN_ENOMEM) // there is no memory for that
        return;
    try {
        std::string text = ", while ";
        text += subject.what.words;
        if (!subject.channel.empty())
            text += shown_channel(where, subject.channel) + " of ";
        why.name_subject(text + where.url());
    } catch (const std::bad_alloc &) {
    }
}

Failure answer_failure(const Endpoint &where, const OperationOn &asked, long http_status,
                       std::string_view body, std::int64_t retry_after) {
    return answer_failure(where, asked, http_status, read_server_error(body), retry_after);
}

Failure answer_failure(const Endpoint &where, const OperationOn &asked, long http_status,
                       const ServerError &error, std::int64_t retry_after) {
    const kn_status status = answer_status(asked.what, http_status, error.code);
    const std::string of_subject = said_of_subject(where, asked, status);
    const std::string what = of_subject.empty() ? status_message(status) : of_subject;
    Failure result(status, what + " (HTTP " + std::to_string(http_status) +
                               quoted_reason(where, error.text) + ")");
    if (of_subject.empty())
        name_subject(result, where, asked);
    else
        result.name_subject("");
    result.http_status = static_cast<std::int32_t>(http_status);
    result.server_code = error.code;
    result.retry_after_ms = retry_after;
    return result;
}

} // namespace kn
