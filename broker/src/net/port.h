// The two ports of the server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace webrocket {

// The one of browsers and backends, and the one of administrators.
enum class Port : std::uint8_t { service, admin };
inline constexpr std::size_t port_count = 2;

constexpr std::string_view name_of(Port port) {
    return port == Port::service ? "service" : "admin";
}

} // namespace webrocket
