#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "net/socket_watcher.h"

namespace kn {

/// A descriptor of ours.
class Descriptor {
  public:
    explicit Descriptor(int number);
    ~Descriptor();
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    int get() const noexcept { return number_; }

  private:
    int number_;
};

/// What a worker waits for, all behind one descriptor: sockets, the next deadline, and the bell
/// that other threads ring.
class Reactor final : public SocketWatcher {
  public:
    using Clock = std::chrono::steady_clock;
    using TimePoint = Clock::time_point;

    Reactor();

    int fd() const noexcept { return epoll_.get(); }

    /// Makes the descriptor readable. Any thread, and a signal handler.
    void ring() const noexcept;
    /// Ends the ringing; whoever calls it looks at what there was to tell afterwards.
    void silence() const noexcept;

    void watch(int socket, std::uint32_t events) override;

    // A connection is at rest between two requests, and often for a moment only: it stays where it
    // is for one wait() more, which saves two system calls for each request. That takes somebody
    // who tells when it is made and when it is closed; the kernel would not.
    void adopt(int socket) noexcept;
    void disown(int socket) noexcept;

    /// The descriptor is readable from @p when on. It may become so a little early or once too
    /// often: deadlines that move away are not worth a system call each.
    void alarm_at(TimePoint when) noexcept;

    struct Readiness : ReadySockets {
        bool bell = false;
        bool alarm = false;
    };

    /// Waits until something is ready or @p until, or for ever. A signal does not end it.
    Readiness wait(std::optional<TimePoint> until);

  private:
    struct Watched {
        int socket;
        std::uint32_t events; // 0: the kernel does not know of it
        enum class Rest { none, begun, over_a_wait } resting;
    };

    void add(int fd) const;
    void drain_alarm();
    void forget(int socket) const noexcept;
    void register_events(int socket, std::uint32_t events) const;
    Watched *find_adopted(int socket) noexcept;
    void send_home_resting() noexcept;

    Descriptor epoll_;
    Descriptor bell_;
    Descriptor alarm_;
    std::vector<Watched> adopted_;
    std::optional<TimePoint> alarm_set_for_;
};

} // namespace kn
