#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <kosmonaut/version.h>

#include "base/log.h"
#include "base/secret.h"

namespace kn {

using std::chrono::milliseconds;

/// Which way requests take.
struct ProxyChoice {
    enum Kind { none, environment, given };
    Kind kind = none;
    std::shared_ptr<const Secret> url; // NUL-terminated; it may hold a password
};

/// `Name: value`, NUL-terminated. Many a value is a key.
using ExtraHeader = std::shared_ptr<const Secret>;

/// Whoever asks for more than a century means for ever, and must not wrap a clock.
inline constexpr milliseconds century = std::chrono::hours(24 * 365 * 100);

/// What kn_options holds; each handle has its own copy.
struct Settings {
    milliseconds connect_timeout{5'000};
    milliseconds request_timeout{10'000};
    milliseconds idle_timeout{45'000};
    milliseconds reconnect_delay_min{1'000};
    milliseconds reconnect_delay_max{30'000};
    std::optional<std::string> filter;
    std::string worker_name;
    bool at_least_once = false;
    std::string group;
    std::int32_t window = 256;
    std::optional<std::int32_t> order; // without one the group's
    bool auto_ack = true;
    std::int64_t max_event_size = std::int64_t{16} << 20;
    std::int64_t max_response_size = std::int64_t{1} << 20;
    std::int32_t max_connections = 32;
    std::int32_t max_pending = 10'000;
    std::int32_t retries = 4; // of one call
    std::string ca_file;
    std::string certificate_file;
    std::string key_file;
    bool verify = true;
    ProxyChoice proxy;
    std::string unix_socket;
    std::vector<ExtraHeader> headers;
    std::string user_agent = "libkosmonaut/" KN_VERSION_STRING;
    Log logger;
};

} // namespace kn
