#include "vhost_address.hpp"

#include <stdexcept>

namespace support {

vhost_address vhost_address::of(const std::string &url) {
    const std::string head = "http://wr:";
    const std::size_t at = url.find('@');
    const std::size_t colon = url.find(':', at);
    const std::size_t slash = url.find('/', colon);
    if (url.compare(0, head.size(), head) != 0 || slash == std::string::npos)
        throw std::invalid_argument("not a vhost's URL: " + url);
    const int port = std::stoi(url.substr(colon + 1, slash - colon - 1));
    return {{url.substr(at + 1, colon - at - 1), static_cast<std::uint16_t>(port)},
            url.substr(slash),
            url.substr(head.size(), at - head.size())};
}

} // namespace support
