#pragma once

#include <atomic>
#include <cstdint>

#include "base/failure.h"

namespace kn {

/// How many forks lie behind this process. Written by the child of each.
inline constinit std::atomic<std::uint32_t> forks_behind{1};

/// Which process this is, counted in forks: a handle remembers the number it was made under, and a
/// child, which sees another one, keeps its hands off. Costs one load, unlike getpid().
inline std::uint32_t process_generation() noexcept {
    return forks_behind.load(std::memory_order_relaxed);
}

/// The number for a new handle; the first one begins the counting.
std::uint32_t own_generation();

/// What a child hears of its parent's handles (KN_EFORK).
Failure forked_off();

/// The process that a handle was made in. Any callback may fork, and then the child is inside the
/// handle as well.
class Home {
  public:
    bool is_left() const noexcept { return generation_ != process_generation(); }
    /// To be called when a callback has returned, before anything is touched that the child shares
    /// with its parent: sockets, timers, what waits for them.
    void require() const {
        if (is_left())
            throw forked_off();
    }

  private:
    std::uint32_t generation_ = process_generation();
};

} // namespace kn
