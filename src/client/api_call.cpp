#include "client/api_call.hpp"

#include <algorithm>

#include "backend/names.hpp"
#include "base/text.hpp"
#include "client/answers.hpp"
#include "http/curl.hpp"
#include "json/json.hpp"

namespace kn {
namespace {

std::string required_token(const answer &received) {
    std::optional<std::string> token = read_token(received.body);
    if (token)
        return *std::move(token);
    failure none = failure(KN_EPROTOCOL, "the answer holds no token")
                       .with_more("; is this a WebRocket server?");
    none.http_status = static_cast<std::int32_t>(received.http_status);
    throw none;
}

long success_of(operation what) noexcept {
    switch (what) {
    case operation::request_token:
    case operation::trigger_batch:
    case operation::subscribers:
        return 200;
    default:
        return 202;
    }
}

} // namespace

std::string channel_path(const endpoint &where, std::string_view channel) {
    require_channel_name(channel);
    std::string path = where.vhost;
    path += "/channels/";
    path += channel;
    return path;
}

std::string trigger_path(const endpoint &where, std::string_view channel) {
    return channel_path(where, channel) + "/events";
}

std::string trigger_members(std::string_view event, std::optional<std::string_view> data) {
    require_event_name(event);
    if (data)
        require_json_object(*data, event);
    std::string members = R"("event":)";
    members += json_quoted(event);
    members += R"(,"data":)";
    members += data.value_or("{}");
    return members;
}

void require_success(const endpoint &where, operation what, std::string_view channel,
                     const answer &received) {
    if (received.http_status != success_of(what))
        throw answer_failure(where, {what, channel}, received.http_status, received.body,
                             received.retry_after_ms);
}

std::string_view channel_in(const endpoint &where, const request &sent) noexcept {
    constexpr std::string_view before = "/channels/";
    std::string_view rest = sent.path;
    rest.remove_prefix(std::min(rest.size(), where.vhost.size()));
    if (rest.substr(0, before.size()) != before)
        return {};
    rest.remove_prefix(before.size());
    return rest.substr(0, rest.find('/'));
}

single_call single_call::open_channel(const endpoint &where, std::string_view channel) {
    return {where,
            operation::open_channel,
            {request::method::post, channel_path(where, channel), {}, {}}};
}

single_call single_call::close_channel(const endpoint &where, std::string_view channel) {
    return {where,
            operation::close_channel,
            {request::method::del, channel_path(where, channel), {}, {}}};
}

single_call single_call::trigger(const endpoint &where, std::string_view channel,
                                 std::string_view event, std::optional<std::string_view> data) {
    std::string path = trigger_path(where, channel);
    return {where,
            operation::trigger,
            {request::method::post,
             std::move(path),
             R"({"trigger":{)" + trigger_members(event, data) + "}}",
             {}}};
}

single_call single_call::request_token(const endpoint &where, std::string_view uid,
                                       std::string_view channels) {
    require_text(uid, "the uid");
    require_text(channels, "the pattern of channels");
    return {where,
            operation::request_token,
            {request::method::get,
             where.vhost + "/token",
             {},
             "uid=" + percent_encoded(uid) + "&channels=" + percent_encoded(channels)}};
}

bool single_call::take(const answer &received, kn_result &result) {
    require_success(where_, what_, channel_in(where_, request_), received);
    if (what_ == operation::request_token)
        result.token = required_token(received);
    return false;
}

operation_on single_call::subject() const noexcept { return {what_, channel_in(where_, request_)}; }

} // namespace kn
