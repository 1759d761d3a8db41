#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "log.hpp"

namespace kn {

using std::chrono::milliseconds;

/// What -1 in an option stands for.
inline constexpr milliseconds for_ever{-1};

/// What kn_options holds; each handle has its own copy.
struct settings {
    milliseconds connect_timeout{5'000};
    milliseconds request_timeout{10'000};
    milliseconds idle_timeout{45'000};
    milliseconds reconnect_delay_min{1'000};
    milliseconds reconnect_delay_max{30'000};
    std::optional<std::string> filter;
    std::int64_t max_event_size = 16 * 1024 * 1024;
    std::int64_t max_response_size = 1024 * 1024;
    log logger;
};

} // namespace kn
