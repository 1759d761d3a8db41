#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kosmonaut/version.h>

#include "base/log.hpp"
#include "base/secret.hpp"

namespace kn {

using std::chrono::milliseconds;

/// Which way requests take.
struct proxy_choice {
    enum kind { none, environment, given };
    kind kind = none;
    std::shared_ptr<const secret> url; // NUL-terminated; it may hold a password
};

/// `Name: value`, NUL-terminated. Many a value is a key.
using extra_header = std::shared_ptr<const secret>;

/// Whoever asks for more than a century means for ever, and must not wrap a clock.
inline constexpr milliseconds century = std::chrono::hours(24 * 365 * 100);

/// What kn_options holds; each handle has its own copy.
struct settings {
    milliseconds connect_timeout{5'000};
    milliseconds request_timeout{10'000};
    milliseconds idle_timeout{45'000};
    milliseconds reconnect_delay_min{1'000};
    milliseconds reconnect_delay_max{30'000};
    std::optional<std::string> filter;
    std::string worker_name;
    std::int64_t max_event_size = 16 * 1024 * 1024;
    std::int64_t max_response_size = 1024 * 1024;
    std::int32_t max_connections = 32;
    std::int32_t max_pending = 10'000;
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
    bool verify = true;
    proxy_choice proxy;
    std::string unix_socket;
    std::vector<extra_header> headers;
    std::string user_agent = "libkosmonaut/" KN_VERSION_STRING;
    log logger;
};

} // namespace kn
