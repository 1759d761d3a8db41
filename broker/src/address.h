// host:port, as given on a command line and as written down for others.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>

namespace webrocket {

// IPv4 as it is, IPv6 in brackets, no host for every interface, or `localhost`.
std::optional<boost::asio::ip::tcp::endpoint> parse_address(const std::string &text);

std::string format_address(const boost::asio::ip::tcp::endpoint &endpoint);

} // namespace webrocket
