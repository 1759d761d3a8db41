#ifndef SUPPORT_VHOST_ADDRESS_HPP
#define SUPPORT_VHOST_ADDRESS_HPP

#include <cstdint>
#include <string>

namespace support {

struct tcp_address {
    std::string host;
    std::uint16_t port = 0;

    std::string text() const { return host + ":" + std::to_string(port); }
};

/// A vhost's URL taken apart: `http://wr:TOKEN@HOST:PORT/VHOST`.
struct vhost_address {
    tcp_address where;
    std::string path;
    std::string token;

    /// Throws std::invalid_argument.
    static vhost_address of(const std::string &url);
    std::string url() const { return "http://wr:" + token + "@" + where.text() + path; }
};

} // namespace support

#endif
