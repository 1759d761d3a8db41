#pragma once

namespace kn {

/// Hears of the connections that transfers open and close. They may be closed long after the
/// transfer that opened them, so it has to outlive what keeps them open.
class SocketObserver {
  public:
    virtual void opened(int socket) noexcept = 0;
    /// Just before it is.
    virtual void closing(int socket) noexcept = 0;

    SocketObserver(const SocketObserver &) = delete;
    SocketObserver &operator=(const SocketObserver &) = delete;

  protected:
    SocketObserver() = default;
    ~SocketObserver() = default;
};

} // namespace kn
