#include "client/stats.hpp"

#include <cstdint>
#include <utility>

#include "base/status.hpp"
#include "json/object_text.hpp"

namespace kn {
namespace {

std::string by_status(const client_metrics &metrics) {
    object_text object;
    for (std::size_t i = 0; i < status_count; ++i) {
        const kn_status status = status_at(i);
        if (const std::int64_t count = metrics.ended_with(status); count > 0)
            object.add(status_name(status), count);
    }
    return std::move(object).end();
}

} // namespace

std::string client_stats(const client_metrics &metrics, std::size_t pending) {
    object_text object;
    object.add("requests", metrics.calls());
    object.add("pending", static_cast<std::int64_t>(pending));
    object.add("connections", metrics.connections());
    object.add("by_status", by_status(metrics));
    return std::move(object).end();
}

} // namespace kn
