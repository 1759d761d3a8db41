#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kn {

struct Request {
    enum class Method { get, post, del };
    Method verb = Method::get;
    std::string path = {};
    std::string query = {};
    std::string body = {};
};

struct Answer {
    long http_status = 0;
    std::int64_t retry_after_ms = -1;
    std::string_view body; // borrowed until the connection's next exchange
};

} // namespace kn
