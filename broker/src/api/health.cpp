#include "api/health.h"

#include "http/uri.h"

namespace webrocket {
namespace {

HttpResponse plain(int status, std::string text) {
    HttpResponse response;
    response.status = status;
    response.refusal = RefusalReason::none;
    response.with("Content-Type", "text/plain; charset=utf-8").with("Cache-Control", "no-store");
    response.body = std::move(text) + "\n";
    return response;
}

} // namespace

std::optional<HttpResponse> Health::answer(const HttpRequest &request) const {
    const auto path = split_target(request.target).path;
    if (path != "/healthz" && path != "/readyz")
        return std::nullopt;
    if (request.method != "GET" && request.method != "HEAD") {
        auto response = plain(405, "Method Not Allowed");
        response.with("Allow", "GET, HEAD");
        return response;
    }
    if (path == "/readyz" && !ready_)
        return plain(503, "stopping");
    return plain(200, path == "/readyz" ? "ready" : "ok");
}

} // namespace webrocket
