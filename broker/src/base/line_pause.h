// What happens with every message or request is worth a line of the log a minute.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace webrocket {

// Any thread may ask. Of those who ask within one minute, one is told to write.
class LinePause {
  public:
    using Clock = std::chrono::steady_clock;

    bool is_over(Clock::time_point now = Clock::now()) {
        const std::int64_t time = now.time_since_epoch() / std::chrono::nanoseconds(1);
        std::int64_t last = last_.load(std::memory_order_relaxed);
        return (last == never || time - last >= pause) &&
               last_.compare_exchange_strong(last, time, std::memory_order_relaxed);
    }

  private:
    static constexpr std::int64_t never = INT64_MIN;
    static constexpr std::int64_t pause = std::chrono::minutes(1) / std::chrono::nanoseconds(1);

    std::atomic<std::int64_t> last_ = never;
};

} // namespace webrocket
