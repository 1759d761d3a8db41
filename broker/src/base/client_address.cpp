#include "base/client_address.h"

#include <algorithm>

namespace webrocket {
namespace ip = boost::asio::ip;

namespace {

constexpr std::array<unsigned char, 12> v4_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr std::size_t v4_offset = v4_prefix.size();
constexpr std::size_t network_size = 8; // of the bytes of an IPv6 address
constexpr std::size_t text_size_max = 45;

} // namespace

ClientAddress::ClientAddress(const ip::address &address) {
    if (address.is_v6()) {
        bytes_ = address.to_v6().to_bytes();
        return;
    }
    std::copy(v4_prefix.begin(), v4_prefix.end(), bytes_.begin());
    const auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + v4_offset);
}

std::optional<ClientAddress> ClientAddress::parse(std::string_view text) {
    if (text.size() > text_size_max || text.find('%') != std::string_view::npos)
        return std::nullopt;
    boost::system::error_code error;
    const auto address = ip::make_address(std::string(text), error);
    return error ? std::nullopt : std::optional(ClientAddress(address));
}

bool ClientAddress::is_v4() const {
    return std::equal(v4_prefix.begin(), v4_prefix.end(), bytes_.begin());
}

std::string ClientAddress::text() const {
    if (!is_known())
        return "-";
    if (!is_v4())
        return ip::address_v6(bytes_).to_string();
    ip::address_v4::bytes_type bytes;
    std::copy(bytes_.begin() + v4_offset, bytes_.end(), bytes.begin());
    return ip::address_v4(bytes).to_string();
}

bool ClientAddress::has_network() const {
    return !is_v4() && !ip::address_v6(bytes_).is_loopback();
}

ClientAddress ClientAddress::network() const {
    ClientAddress network = *this;
    if (has_network())
        std::fill(network.bytes_.begin() + network_size, network.bytes_.end(), 0);
    return network;
}

std::string ClientAddress::network_text() const {
    return has_network() && is_known() ? network().text() + "/64" : text();
}

} // namespace webrocket
