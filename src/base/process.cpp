#include "base/process.h"

#include <atomic>
#include <new>

#include <pthread.h>

namespace kn {
namespace {

std::atomic<bool> watching{false};

void in_the_child() { forks_behind.fetch_add(1, std::memory_order_relaxed); }

} // namespace

Failure forked_off() { return {KN_EFORK, "the handle was made before this process was forked"}; }

std::uint32_t own_generation() {
    // Two threads that both come first register two handlers, which count a fork twice: harmless.
    if (!watching.load(std::memory_order_acquire)) {
        if (pthread_atfork(nullptr, nullptr, in_the_child) != 0)
            throw std::bad_alloc();
        watching.store(true, std::memory_order_release);
    }
    return process_generation();
}

} // namespace kn
