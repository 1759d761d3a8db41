#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/call_key.h"

namespace kn {

struct Request {
    enum class Method { get, post, del };
    Method verb = Method::get;
    std::string path = {};
    std::string query = {};
    std::string body = {};
    CallKey key = {}; // unset: none is sent
};

struct Answer {
    long http_status = 0;
    std::int64_t retry_after_ms = -1;
    bool knows_keys = false; // the server, of calls
    std::string_view body;   // borrowed until the connection's next exchange
};

} // namespace kn
