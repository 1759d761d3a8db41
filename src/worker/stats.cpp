#include "worker/stats.h"

#include <string_view>
#include <utility>

#include <kosmonaut/worker.h>

#include "base/status.h"
#include "json/json.h"
#include "json/object_text.h"

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
    ObjectText object;
    object.add("status", json_quoted(status_name(error->why.status())));
    object.add("message", json_quoted(error->why.message()));
    return std::move(object).end();
}

} // namespace

std::string worker_stats(const WorkerMetrics &metrics, std::int32_t state, const Ledger *ledger) {
    ObjectText object;
    object.add("state", state_name(state));
    object.add("events", metrics.events());
    object.add("bytes", metrics.bytes());
    object.add("reconnects", metrics.reconnects());
    object.add("lag_ms", metrics.lag_ms());
    if (ledger != nullptr) {
        object.add("acknowledged", ledger->acknowledged());
        object.add("given_back", ledger->given_back());
        object.add("unanswered", ledger->held());
    }
    object.add("last_error", error_object(metrics.last_error().get()));
    return std::move(object).end();
}

} // namespace kn
