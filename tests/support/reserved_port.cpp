#include "reserved_port.hpp"

#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

reserved_port::reserved_port() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto *generic = reinterpret_cast<sockaddr *>(&address);
    socklen_t length = sizeof address;
    const int yes = 1; // the server has it set, too: two may then be bound as long as one listens
    if (socket_ < 0 || setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(socket_, generic, length) != 0 || getsockname(socket_, generic, &length) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot reserve a port");
    number_ = ntohs(address.sin_port);
}

reserved_port::~reserved_port() { close(socket_); }

} // namespace support
