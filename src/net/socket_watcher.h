#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sys/epoll.h>

namespace kn {

/// Whoever waits for the sockets of a transfer.
class SocketWatcher {
  public:
    /// Watches a socket for EPOLLIN and EPOLLOUT; 0 ends it.
    virtual void watch(int socket, std::uint32_t events) = 0;

    SocketWatcher(const SocketWatcher &) = delete;
    SocketWatcher &operator=(const SocketWatcher &) = delete;

  protected:
    SocketWatcher() = default;
    ~SocketWatcher() = default;
};

/// What a wait has found.
struct ReadySockets {
    std::array<epoll_event, 8> sockets;
    std::size_t count = 0;
};

/// One look need not show all that is ready, and what it did show may be ready still: a socket that
/// was not read to its end, or one that was answered before it was watched for an answer. Whoever
/// watches a set of sockets for changes alone is not told of any of that. So nothing is ready only
/// when a look says so, and whoever does not want to wait looks until then; but not more often than
/// this, since a server may be faster than we are.
inline constexpr int most_looks = 16;

} // namespace kn
