// Where a client is: sixteen bytes, cheap enough for every connection to have one.
#pragma once

#include <array>
#include <boost/asio/ip/address.hpp>
#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace webrocket {

class ClientAddress {
  public:
    // Of a peer that has none, as over a unix socket.
    ClientAddress() = default;
    // An IPv4 address that came in the form of an IPv6 one is the IPv4 address.
    explicit ClientAddress(const boost::asio::ip::address &address);

    // Without brackets, port or zone.
    static std::optional<ClientAddress> parse(std::string_view text);

    bool is_known() const { return *this != ClientAddress(); }
    bool is_v4() const;
    // In the order of the network; IPv4 as ::ffff:a.b.c.d.
    const std::array<unsigned char, 16> &bytes() const { return bytes_; }
    // `-` when it is not known.
    std::string text() const;

    // What is counted as one client: an IPv4 address, but all 2^64 of an IPv6 host's network. That
    // of ::1 would be the one of an address that is not known.
    ClientAddress network() const;
    // Of a network(): with its /64, for people.
    std::string network_text() const;

    friend auto operator<=>(const ClientAddress &, const ClientAddress &) = default;

  private:
    bool has_network() const;

    std::array<unsigned char, 16> bytes_{};
};

} // namespace webrocket
