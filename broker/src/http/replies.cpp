#include "http/replies.h"

namespace webrocket {

HttpResponse plain_text(int status, std::string_view line) {
    HttpResponse response;
    response.status = status;
    response.with("Content-Type", "text/plain; charset=utf-8");
    response.body.append(line).append(1, '\n');
    return response;
}

HttpResponse read_only() {
    return std::move(plain_text(405, "Method Not Allowed").with("Allow", "GET, HEAD"));
}

HttpResponse not_websocket() {
    return std::move(
        plain_text(400, "not websocket protocol").refusing(RefusalReason::bad_handshake));
}

} // namespace webrocket
