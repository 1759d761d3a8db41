#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "http/socket_observer.h"

namespace kn {

/// The connections that a multi handle has open, and which of those at rest are not to be used
/// again. libcurl says of a connection no more than its local port.
class OpenSockets {
  public:
    using Clock = std::chrono::steady_clock;

    /// @p next hears of them, too. On TLS a connection at rest is looked at before it is used: to
    /// libcurl 7.88 one that the server closed in good order looks alive, since there is a byte to
    /// be read, which is the farewell's.
    OpenSockets(SocketObserver &next, bool is_tls) noexcept : next_(next), is_tls_(is_tls) {}

    /// @p transfer opens it to connect.
    void opened(int socket, const void *transfer) noexcept;
    void closing(int socket) noexcept;
    // libcurl 7.88 says no word about the closing of a socket that did not connect.

    /// The transfer is connected there, and what else it has opened is closed.
    void connected(const void *transfer, int local_port) noexcept;
    /// All that it has opened is closed.
    void not_connected(const void *transfer) noexcept;

    /// A request on the connection was answered.
    void answered(int local_port) noexcept;
    /// One on which nothing came back was no younger: whatever forgot it has forgotten them all.
    void distrust_those_before(Clock::time_point when) noexcept {
        trusted_since_ = std::max(trusted_since_, when);
    }
    /// Whether another request may go out on it.
    bool is_usable(int local_port) noexcept;

  private:
    struct OpenSocket {
        int socket;
        int local_port;       // 0: not asked for yet
        const void *connects; // the transfer, while it does
        Clock::time_point answered_at;
    };
    OpenSocket *find(int local_port) noexcept;
    template <class Condition>
    void forget(const Condition &is_gone) noexcept;

    SocketObserver &next_;
    const bool is_tls_;
    Clock::time_point trusted_since_ = Clock::time_point::min();
    std::vector<OpenSocket> sockets_;
};

} // namespace kn
