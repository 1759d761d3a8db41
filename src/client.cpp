#include "client.hpp"

#include "failure.hpp"
#include "json.hpp"
#include "names.hpp"

namespace kn {

client::client(std::string_view url, const settings &options)
    : options_(options), where_(endpoint::parse(url)) {
    ensure_curl();
}

void client::open_channel(std::string_view channel) {
    require_channel_name(channel);
    call(operation::open_channel, {request::method::post, channel_url(channel), ""}, 202);
}

void client::close_channel(std::string_view channel) {
    require_channel_name(channel);
    call(operation::close_channel, {request::method::del, channel_url(channel), ""}, 202);
}

void client::trigger(std::string_view channel, std::string_view event,
                     std::optional<std::string_view> data) {
    require_channel_name(channel);
    require_event_name(event);
    if (data)
        require_json_object(*data);
    std::string body = R"({"trigger":{"event":)";
    body += json_quoted(event);
    body += R"(,"data":)";
    body += data.value_or("{}");
    body += "}}";
    call(operation::trigger, {request::method::post, channel_url(channel) + "/events", body}, 202);
}

std::string client::request_token(std::string_view uid, std::string_view channels) {
    require_text(uid, "the uid");
    require_text(channels, "the pattern of channels");
    const std::string body =
        call(operation::request_token,
             {request::method::get,
              where_.url() + "/token?uid=" + percent_encoded(uid) +
                  "&channels=" + percent_encoded(channels),
              ""},
             200);
    std::optional<std::string> token = read_token(body);
    if (!token)
        throw failure(KN_EPROTOCOL, "the answer holds no token; is this a WebRocket server?");
    return *std::move(token);
}

std::string client::channel_url(std::string_view channel) const {
    std::string url = where_.url();
    url += "/channels/";
    url += channel;
    return url;
}

std::string client::call(operation what, const request &sent, long expected) {
    const connection_pool::lease leased(pool_);
    const answer received = leased->exchange(sent);
    if (received.http_status != expected) {
        const failure why =
            answer_failure(what, received.http_status, received.body, received.retry_after_ms);
        options_.logger.write(KN_LOG_WARNING, [&] { return why.message(); });
        throw why;
    }
    return std::string(received.body);
}

} // namespace kn
