// A vhost's address at which nobody listens.
#ifndef UNUSED_ADDRESS_HPP
#define UNUSED_ADDRESS_HPP

#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

// The port is bound for the program's whole life and never listened on, so nobody else can get it.
inline std::string unused_address() {
    static const int port = [] {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto *generic = reinterpret_cast<sockaddr *>(&address);
        const int bound = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bound < 0 || bind(bound, generic, length) != 0 ||
            getsockname(bound, generic, &length) != 0) {
            throw std::runtime_error("cannot bind a port");
        }
        return static_cast<int>(ntohs(address.sin_port));
    }();
    return "http://wr:secret@127.0.0.1:" + std::to_string(port) + "/vhost";
}

#endif
