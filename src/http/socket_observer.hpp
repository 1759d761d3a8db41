#pragma once

namespace kn {

/// Hears of the connections that transfers open and close. They may be closed long after the
/// transfer that opened them, so it has to outlive what keeps them open.
class socket_observer {
  public:
    virtual void opened(int socket) noexcept = 0;
    /// Just before it is.
    virtual void closing(int socket) noexcept = 0;

    socket_observer(const socket_observer &) = delete;
    socket_observer &operator=(const socket_observer &) = delete;

  protected:
    socket_observer() = default;
    ~socket_observer() = default;
};

} // namespace kn
