#include "api/backend_answers.h"

#include "base/json.h"
#include "http/replies.h"
#include "hub/names.h"

#include <fmt/format.h>

namespace webrocket::backend {

HttpResponse error(int status, int code, std::string_view text) {
    HttpResponse response;
    response.status = status;
    response.with("Content-Type", "application/json");
    response.body = fmt::format(R"({{"error":{},"code":{}}})", json_string(text), code);
    if (code == error_code::vhost_not_found)
        response.refusing(RefusalReason::unknown_vhost);
    return response;
}

HttpReply failure(int status, int code, std::string_view text, RefusalReason reason) {
    HttpReply reply = at_once(error(status, code, text));
    if (reason != RefusalReason::none)
        reply.response.refusing(reason);
    return reply;
}

HttpReply bad_request(std::string_view text) { return failure(400, error_code::bad_request, text); }

// Only what may be one is repeated.
std::string no_channel_text(std::string_view name) {
    return is_valid_channel_name(name) ? fmt::format("channel {} doesn't exist", name)
                                       : "channel doesn't exist";
}

HttpReply no_channel(std::string_view name) {
    return failure(404, error_code::channel_not_found, no_channel_text(name));
}

// Whatever the name is made of.
HttpReply no_group(std::string_view name) {
    return failure(404, error_code::group_not_found,
                   fmt::format("group {} doesn't exist", json_string(name)));
}

HttpReply stream_head(const std::string &stream, bool chunked) {
    HttpReply reply;
    reply.response.with("Content-Type", "text/event-stream")
        .with("Cache-Control", "no-cache, no-transform")
        .with("X-Accel-Buffering", "no"); // or nginx would hold the stream back
    if (chunked)
        reply.response.with("Connection", "keep-alive").with("Transfer-Encoding", "chunked");
    else
        reply.response.with("Connection", "close");
    reply.response.with("X-WebRocket-Worker-Id", stream);
    return reply;
}

} // namespace webrocket::backend
