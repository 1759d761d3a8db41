#include "http/open_sockets.h"

#include <cerrno>
#include <new>

#include <netinet/in.h>
#include <sys/socket.h>

namespace kn {
namespace {

/// 0 where it has none, or none yet.
int local_port_of(int socket) noexcept {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    if (getsockname(socket, reinterpret_cast<sockaddr *>(&address), &size) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in &>(address).sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6 &>(address).sin6_port);
    return 0;
}

/// Between two requests nobody has anything to say but that this is the end.
bool has_something_to_read(int socket) noexcept {
    char byte;
    const ssize_t got = recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

} // namespace

template <class Condition>
void OpenSockets::forget(const Condition &is_gone) noexcept {
    for (std::size_t i = 0; i < sockets_.size();) {
        if (!is_gone(sockets_[i])) {
            ++i;
            continue;
        }
        next_.closing(sockets_[i].socket);
        sockets_[i] = sockets_.back();
        sockets_.pop_back();
    }
}

void OpenSockets::opened(int socket, const void *transfer) noexcept {
    closing(socket); // which it was, where the number is known
    try {
        sockets_.push_back({socket, 0, transfer, Clock::time_point::max()});
    } catch (const std::bad_alloc &) {
        return; // it is used unseen, then
    }
    next_.opened(socket);
}

void OpenSockets::closing(int socket) noexcept {
    forget([socket](const OpenSocket &one) { return one.socket == socket; });
}

void OpenSockets::connected(const void *transfer, int local_port) noexcept {
    if (OpenSocket *const one = find(local_port)) {
        one->connects = nullptr;
        not_connected(transfer);
    }
    // Unix sockets have no port; but neither are there several of them for a name.
    for (OpenSocket &one : sockets_)
        if (one.connects == transfer)
            one.connects = nullptr;
}

void OpenSockets::not_connected(const void *transfer) noexcept {
    forget([transfer](const OpenSocket &one) { return one.connects == transfer; });
}

OpenSockets::OpenSocket *OpenSockets::find(int local_port) noexcept {
    if (local_port == 0)
        return nullptr; // it is a unix socket
    for (OpenSocket &one : sockets_) {
        if (one.local_port == 0)
            one.local_port = local_port_of(one.socket);
        if (one.local_port == local_port)
            return &one;
    }
    return nullptr;
}

void OpenSockets::answered(int local_port) noexcept {
    if (OpenSocket *const one = find(local_port))
        one->answered_at = Clock::now();
}

bool OpenSockets::is_usable(int local_port) noexcept {
    const OpenSocket *const one = find(local_port);
    if (one == nullptr)
        return true;
    return one->answered_at >= trusted_since_ && !(is_tls_ && has_something_to_read(one->socket));
}

} // namespace kn
