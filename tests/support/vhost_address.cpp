#include "vhost_address.hpp"

#include <regex>
#include <stdexcept>

namespace support {

vhost_address vhost_address::of(const std::string &url) {
    static const std::regex form("http://wr:([^@]+)@([^:/]+):([0-9]+)(/.+)");
    std::smatch parts;
    if (!std::regex_match(url, parts, form))
        throw std::invalid_argument("not a vhost's URL: " + url);
    return {{parts[2], static_cast<std::uint16_t>(std::stoi(parts[3]))}, parts[4], parts[1]};
}

} // namespace support
