// host:port, as given on a command line and as written down for others.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>
#include <vector>

namespace webrocket {

// IPv4 as it is, IPv6 in brackets; without a host every interface, and `localhost` the loopback
// one, for both families, IPv4 first. Nothing when it is no address.
std::vector<boost::asio::ip::tcp::endpoint> parse_address(const std::string &text);

std::string format_address(const boost::asio::ip::tcp::endpoint &endpoint);

} // namespace webrocket
