#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "net/socket_watcher.hpp"

namespace kn {

/// A descriptor of ours.
class descriptor {
  public:
    explicit descriptor(int number);
    ~descriptor();
    descriptor(const descriptor &) = delete;
    descriptor &operator=(const descriptor &) = delete;
    int get() const noexcept { return number_; }

  private:
    int number_;
};

/// What a worker waits for, all behind one descriptor: sockets, the next deadline, and the bell
/// that other threads ring.
class reactor final : public socket_watcher {
  public:
    using clock = std::chrono::steady_clock;
    using time_point = clock::time_point;

    reactor();

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
    void alarm_at(time_point when) noexcept;

    struct readiness : ready_sockets {
        bool bell = false;
        bool alarm = false;
    };

    /// Waits until something is ready or @p until, or for ever. A signal does not end it.
    readiness wait(std::optional<time_point> until);

  private:
    struct watched {
        int socket;
        std::uint32_t events; // 0: the kernel does not know of it
        enum class rest { none, begun, over_a_wait } resting;
    };

    void add(int fd) const;
    void drain_alarm();
    void forget(int socket) const noexcept;
    void register_events(int socket, std::uint32_t events) const;
    watched *find_adopted(int socket) noexcept;
    void send_home_resting() noexcept;

    descriptor epoll_;
    descriptor bell_;
    descriptor alarm_;
    std::vector<watched> adopted_;
    std::optional<time_point> alarm_set_for_;
};

} // namespace kn
