#include "api/health.h"

#include "http/replies.h"
#include "http/uri.h"

namespace webrocket {
namespace {

// It holds for this moment.
HttpResponse fresh(HttpResponse response) {
    return std::move(response.with("Cache-Control", "no-store").refusing(RefusalReason::none));
}

} // namespace

std::optional<HttpResponse> Health::answer(const HttpRequest &request) const {
    const auto path = split_target(request.target).path;
    if (path != "/healthz" && path != "/readyz")
        return std::nullopt;
    if (request.method != "GET" && request.method != "HEAD")
        return fresh(read_only());
    if (path == "/readyz" && !ready_)
        return fresh(plain_text(503, "stopping"));
    if (const auto failure = groups_ != nullptr && path == "/readyz" ? groups_->failure() : "";
        !failure.empty())
        return fresh(plain_text(503, "the disk takes no events: " + failure));
    return fresh(plain_text(200, path == "/readyz" ? "ready" : "ok"));
}

} // namespace webrocket
