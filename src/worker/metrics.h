#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "base/error.h"

namespace kn {

/// What a worker has been through. The driver writes; any thread reads.
class WorkerMetrics {
  public:
    using Clock = std::chrono::steady_clock;

    void connected() noexcept { add(connections_, 1); }
    void received(std::size_t bytes) noexcept { add(bytes_, static_cast<std::int64_t>(bytes)); }
    void handed_over() noexcept { add(events_, 1); }
    void failed(const Failure &why) noexcept {
        ErrorPtr error(make_error(why));
        const std::lock_guard lock(mutex_);
        last_error_.swap(error);
    }
    void backlog_began() noexcept { backlog_since_.store(now(), std::memory_order_relaxed); }
    void backlog_ended() noexcept { backlog_since_.store(none, std::memory_order_relaxed); }

    std::int64_t events() const noexcept { return events_.load(std::memory_order_relaxed); }
    std::int64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
    std::int64_t reconnects() const noexcept {
        const std::int64_t connections = connections_.load(std::memory_order_relaxed);
        return connections > 0 ? connections - 1 : 0;
    }
    /// How long what was received first and not handed over has been waiting.
    std::int64_t lag_ms() const noexcept {
        const std::int64_t since = backlog_since_.load(std::memory_order_relaxed);
        return since == none ? 0 : now() - since;
    }
    /// The caller's own; NULL when there was none.
    ErrorPtr last_error() const noexcept {
        const std::lock_guard lock(mutex_);
        return ErrorPtr(last_error_ ? make_error(last_error_->why) : nullptr);
    }

  private:
    static constexpr std::int64_t none = -1;

    static std::int64_t now() noexcept {
        using std::chrono::milliseconds;
        return std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch()).count();
    }
    /// There is one writer at a time, so this need not be one step.
    static void add(std::atomic<std::int64_t> &count, std::int64_t more) noexcept {
        count.store(count.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }

    std::atomic<std::int64_t> connections_{0};
    std::atomic<std::int64_t> bytes_{0};
    std::atomic<std::int64_t> events_{0};
    std::atomic<std::int64_t> backlog_since_{none};
    mutable std::mutex mutex_;
    ErrorPtr last_error_;
};

} // namespace kn
