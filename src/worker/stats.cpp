#include "worker/stats.hpp"

#include <string_view>
#include <utility>

#include <kosmonaut/worker.h>

#include "base/status.hpp"
#include "json/json.hpp"
#include "json/object_text.hpp"

namespace kn {
namespace {

std::string_view state_name(std::int32_t state) noexcept {
    constexpr std::string_view names[] = {R"("idle")",    R"("connecting")", R"("connected")",
                                          R"("waiting")", R"("closing")",    R"("closed")"};
    return names[state];
}

std::string error_object(const kn_error *error) {
    if (error == nullptr)
        return "null";
    object_text object;
    object.add("status", json_quoted(status_name(error->why.status())));
    object.add("message", json_quoted(error->why.message()));
    return std::move(object).end();
}

} // namespace

std::string worker_stats(const worker_metrics &metrics, std::int32_t state) {
    object_text object;
    object.add("state", state_name(state));
    object.add("events", metrics.events());
    object.add("bytes", metrics.bytes());
    object.add("reconnects", metrics.reconnects());
    object.add("lag_ms", metrics.lag_ms());
    object.add("last_error", error_object(metrics.last_error().get()));
    return std::move(object).end();
}

} // namespace kn
