#include "net/socket.h"

#include <boost/asio/ip/tcp.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace webrocket {

Socket &Socket::operator=(Socket &&other) noexcept {
    if (this == &other)
        return *this;
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    return *this;
}

void Socket::close() noexcept {
    if (const int open = std::exchange(descriptor_, -1); open >= 0)
        ::close(open);
}

ClientAddress Socket::peer() const {
    boost::asio::ip::tcp::endpoint endpoint;
    auto size = static_cast<socklen_t>(endpoint.capacity());
    if (::getpeername(descriptor_, endpoint.data(), &size) != 0 ||
        (endpoint.data()->sa_family != AF_INET && endpoint.data()->sa_family != AF_INET6))
        return {};
    return ClientAddress(endpoint.address());
}

void Socket::prepare() const {
    int yes = 1;
    ::ioctl(descriptor_, FIONBIO, &yes);
    // Which a unix socket does not have, and does not need.
    ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

void Socket::shut_down_sending() const { ::shutdown(descriptor_, SHUT_WR); }

void Socket::shut_down() const { ::shutdown(descriptor_, SHUT_RDWR); }

} // namespace webrocket
