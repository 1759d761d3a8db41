#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <kosmonaut/status.h>

#include "base/status.h"
#include "http/socket_observer.h"

namespace kn {

/// What a client has done, counted as it goes. Any thread.
class ClientMetrics final : public SocketObserver {
  public:
    void opened(int) noexcept override { connections_.fetch_add(1, std::memory_order_relaxed); }
    void closing(int) noexcept override { connections_.fetch_sub(1, std::memory_order_relaxed); }

    /// A call that was taken has ended.
    void call_ended(kn_status status) noexcept {
        calls_.fetch_add(1, std::memory_order_relaxed);
        by_status_[status_index(status)].fetch_add(1, std::memory_order_relaxed);
    }

    /// It is tried once more.
    void retried() noexcept { retries_.fetch_add(1, std::memory_order_relaxed); }

    std::int64_t retries() const noexcept { return retries_.load(std::memory_order_relaxed); }
    std::int64_t calls() const noexcept { return calls_.load(std::memory_order_relaxed); }
    std::int64_t ended_with(kn_status status) const noexcept {
        return by_status_[status_index(status)].load(std::memory_order_relaxed);
    }
    std::int32_t connections() const noexcept {
        return connections_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<std::int32_t> connections_{0};
    std::atomic<std::int64_t> calls_{0};
    std::atomic<std::int64_t> retries_{0};
    std::array<std::atomic<std::int64_t>, status_count> by_status_{};
};

} // namespace kn
