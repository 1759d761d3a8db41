#include "net/address.h"

#include <charconv>
#include <cstdint>

namespace webrocket {
namespace asio = boost::asio;

std::vector<asio::ip::tcp::endpoint> parse_address(const std::string &text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos)
        return {};
    std::uint16_t port = 0;
    const char *end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data() + colon + 1, end, port);
    if (failure != std::errc() || rest != end)
        return {};
    std::string host = text.substr(0, colon);
    if (host.empty())
        return {{asio::ip::address_v4::any(), port}, {asio::ip::address_v6::any(), port}};
    if (host == "localhost")
        return {{asio::ip::address_v4::loopback(), port}, {asio::ip::address_v6::loopback(), port}};
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string::npos)
        return {};
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error)
        return {};
    return {{address, port}};
}

std::string format_address(const asio::ip::tcp::endpoint &endpoint) {
    const std::string port = ":" + std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + endpoint.address().to_string() + "]" + port
                                      : endpoint.address().to_string() + port;
}

} // namespace webrocket
