#include "client/call.h"

#include <algorithm>
#include <utility>

#include "backend/answer_failure.h"
#include "backend/names.h"
#include "base/text.h"
#include "client/answers.h"
#include "client/result.h"
#include "http/curl.h"
#include "json/json.h"

namespace kn {
namespace {

constexpr std::string_view before_members = R"({"trigger":{)";
constexpr std::string_view behind_members = "}}";

std::string trigger_path(const Endpoint &where, std::string_view channel) {
    return channel_path(where, channel) + "/events";
}

/// The channel that a request's path names; "" where it names none.
std::string_view channel_in(const Endpoint &where, const Request &sent) noexcept {
    constexpr std::string_view before = "/channels/";
    std::string_view rest = sent.path;
    rest.remove_prefix(std::min(rest.size(), where.vhost.size()));
    if (rest.substr(0, before.size()) != before)
        return {};
    rest.remove_prefix(before.size());
    return rest.substr(0, rest.find('/'));
}

void take_token(const Request &, const Answer &received, kn_result &result) {
    std::optional<std::string> token = read_token(received.body);
    if (!token)
        throw unreadable(received, "the answer holds no token");
    result.given = *std::move(token);
}

} // namespace

std::string channel_path(const Endpoint &where, std::string_view channel) {
    require_channel_name(channel);
    std::string path = where.vhost;
    path += "/channels/";
    path += channel;
    return path;
}

Request trigger_request(const Endpoint &where, std::string_view channel, std::string_view members) {
    std::string body;
    body.reserve(before_members.size() + members.size() + behind_members.size());
    body += before_members;
    body += members;
    body += behind_members;
    return {.verb = operations::trigger.verb,
            .path = trigger_path(where, channel),
            .body = std::move(body)};
}

void append_trigger(std::string &text, std::string_view event,
                    std::optional<std::string_view> data) {
    require_event_name(event);
    if (data)
        require_json_object(*data, event);
    text += R"("event":)";
    text += json_quoted(event);
    text += R"(,"data":)";
    text += data.value_or("{}");
}

void require_success(const Endpoint &where, const OperationOn &asked, const Answer &received) {
    if (received.http_status != asked.what.success)
        throw answer_failure(where, asked, received.http_status, received.body,
                             received.retry_after_ms);
}

Failure unreadable(const Answer &received, const std::string &why) {
    Failure none = Failure(KN_EPROTOCOL, why).with_more("; is this a WebRocket server?");
    none.http_status = static_cast<std::int32_t>(received.http_status);
    return none;
}

Call::Call(const Endpoint &where, const Operation &what, Request to_send, Reader read)
    : where_(where), what_(what), request_(std::move(to_send)), read_(read) {
    request_.verb = what.verb;
}

bool Call::take(const Answer &received, kn_result &result) const {
    require_success(where_, subject(), received);
    if (read_ != nullptr)
        read_(request_, received, result);
    return false;
}

OperationOn Call::subject() const noexcept { return {what_, channel_in(where_, request_)}; }

Call calls::open_channel(const Endpoint &where, std::string_view channel) {
    return {where, operations::open_channel, {.path = channel_path(where, channel)}};
}

Call calls::close_channel(const Endpoint &where, std::string_view channel) {
    return {where, operations::close_channel, {.path = channel_path(where, channel)}};
}

Call calls::trigger(const Endpoint &where, std::string_view channel, std::string_view event,
                    std::optional<std::string_view> data) {
    constexpr std::size_t names_of_members = 24;
    std::string path = trigger_path(where, channel);
    std::string body;
    body.reserve(before_members.size() + behind_members.size() + names_of_members + event.size() +
                 data.value_or("{}").size());
    body += before_members;
    append_trigger(body, event, data);
    body += behind_members;
    return {where, operations::trigger, {.path = std::move(path), .body = std::move(body)}};
}

Call calls::request_token(const Endpoint &where, std::string_view uid, std::string_view channels) {
    require_text(uid, "the uid");
    require_text(channels, "the pattern of channels");
    return {where,
            operations::request_token,
            {.path = where.vhost + "/token",
             .query = "uid=" + percent_encoded(uid) + "&channels=" + percent_encoded(channels)},
            &take_token};
}

} // namespace kn
