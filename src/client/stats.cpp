#include "client/stats.h"

#include <cstdint>
#include <utility>

#include "base/status.h"
#include "json/object_text.h"

namespace kn {
namespace {

std::string by_status(const ClientMetrics &metrics) {
    ObjectText object;
    for (std::size_t i = 0; i < status_count; ++i) {
        const kn_status status = status_at(i);
        if (const std::int64_t count = metrics.ended_with(status); count > 0)
            object.add(status_name(status), count);
    }
    return std::move(object).end();
}

} // namespace

std::string client_stats(const ClientMetrics &metrics, std::size_t pending) {
    ObjectText object;
    object.add("requests", metrics.calls());
    object.add("retries", metrics.retries());
    object.add("pending", static_cast<std::int64_t>(pending));
    object.add("connections", metrics.connections());
    object.add("by_status", by_status(metrics));
    return std::move(object).end();
}

} // namespace kn
