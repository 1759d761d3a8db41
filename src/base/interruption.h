#pragma once

#include <atomic>

#include <sched.h>

namespace kn {

/// The note that kn_worker_interrupt() and kn_client_interrupt() leave: it stays until a call
/// reports it. It can be left from a signal handler.
class Interruption {
  public:
    /// @p ring wakes whoever waits.
    template <class Ring>
    void leave(Ring &&ring) noexcept {
        leaving_.fetch_add(1, std::memory_order_acq_rel);
        is_there_.store(true, std::memory_order_release);
        ring();
        leaving_.fetch_sub(1, std::memory_order_acq_rel);
    }

    /// True once for each time it was left; several at once are one.
    [[nodiscard]] bool take() noexcept {
        return is_left() && is_there_.exchange(false, std::memory_order_acq_rel);
    }

    bool is_left() const noexcept { return is_there_.load(std::memory_order_relaxed); }

    /// Waits for those who are about to ring, which takes them an instant: they may be signal
    /// handlers, and so must not be the last ones out of a handle.
    void await_leavers() const noexcept {
        while (leaving_.load(std::memory_order_acquire) != 0)
            sched_yield();
    }

  private:
    std::atomic<bool> is_there_{false};
    std::atomic<int> leaving_{0};
};

} // namespace kn
