#include "client/stats.hpp"

#include <string_view>

#include <kosmonaut/worker.h>

#include "json/json.hpp"

namespace kn {
namespace {

void add_member(std::string &object, std::string_view name, std::string_view value) {
    if (object.back() != '{')
        object += ',';
    object += '"';
    object += name;
    object += "\":";
    object += value;
}

void add_member(std::string &object, std::string_view name, std::int64_t value) {
    add_member(object, name, std::to_string(value));
}

std::string by_status(const client_metrics &metrics) {
    std::string object = "{";
    for (std::size_t i = 0; i < status_count; ++i) {
        const kn_status status = status_at(i);
        if (const std::int64_t count = metrics.ended_with(status); count > 0)
            add_member(object, status_name(status), count);
    }
    return object + "}";
}

std::string_view state_name(std::int32_t state) noexcept {
    constexpr std::string_view names[] = {R"("idle")",    R"("connecting")", R"("connected")",
                                          R"("waiting")", R"("closing")",    R"("closed")"};
    return names[state];
}

std::string error_object(const kn_error *error) {
    if (error == nullptr)
        return "null";
    std::string object = "{";
    add_member(object, "status", json_quoted(status_name(error->why.status())));
    add_member(object, "message", json_quoted(error->why.message()));
    return object + "}";
}

} // namespace

std::string client_stats(const client_metrics &metrics, std::size_t pending) {
    std::string object = "{";
    add_member(object, "requests", metrics.calls());
    add_member(object, "pending", static_cast<std::int64_t>(pending));
    add_member(object, "connections", metrics.connections());
    add_member(object, "by_status", by_status(metrics));
    return object + "}";
}

std::string worker_stats(const worker_metrics &metrics, std::int32_t state) {
    std::string object = "{";
    add_member(object, "state", state_name(state));
    add_member(object, "events", metrics.events());
    add_member(object, "bytes", metrics.bytes());
    add_member(object, "reconnects", metrics.reconnects());
    add_member(object, "lag_ms", metrics.lag_ms());
    add_member(object, "last_error", error_object(metrics.last_error().get()));
    return object + "}";
}

} // namespace kn
