#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/epoll.h>

namespace kn {

/// Whoever waits for the sockets of a transfer.
class socket_watcher {
  public:
    /// Watches a socket for EPOLLIN and EPOLLOUT; 0 ends it.
    virtual void watch(int socket, std::uint32_t events) = 0;

    socket_watcher(const socket_watcher &) = delete;
    socket_watcher &operator=(const socket_watcher &) = delete;

  protected:
    socket_watcher() = default;
    ~socket_watcher() = default;
};

/// What a wait has found.
struct ready_sockets {
    std::array<epoll_event, 8> sockets;
    std::size_t count = 0;
};

} // namespace kn
