// What a vhost may publish in a second: the bytes of each message, as often as somebody hears them.
#pragma once

#include "base/line_pause.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace webrocket {

// Any thread may use it. A channel counts for itself what it publishes, up to a small part of what
// is allowed, so that channels of different loops rarely meet here. The clock is read no more often
// than that.
class FanOutBudget {
  public:
    using Clock = std::chrono::steady_clock;

    // What one channel has published and not told of. Its lock guards it.
    class Tab {
        friend class FanOutBudget;
        std::uint64_t bytes_ = 0;
    };

    // Of the vhost, which is for the log. 0 bytes: without a limit.
    FanOutBudget(std::string vhost, std::size_t bytes_per_second) : vhost_(std::move(vhost)) {
        set_limit(bytes_per_second);
    }
    FanOutBudget(const FanOutBudget &) = delete;
    FanOutBudget &operator=(const FanOutBudget &) = delete;

    void set_limit(std::size_t bytes_per_second);
    std::size_t limit() const { return limit_; }

    // False, and nothing is counted, where more was published than the last second allows for: one
    // that is larger than all of that is allowed after a silence.
    bool allows(Tab &tab, std::uint64_t bytes) {
        if (tab.bytes_ + bytes < step_.load(std::memory_order_relaxed) || bytes == 0) {
            tab.bytes_ += bytes;
            return true;
        }
        return settle(tab, bytes, Clock::now());
    }
    // What nobody can refuse.
    void charge(Tab &tab, std::uint64_t bytes) { tab.bytes_ += bytes; }
    // Until something is allowed again, as things stand.
    std::chrono::seconds wait(Clock::time_point now = Clock::now()) const;

    // Without the channel's lock: now and then it writes a line.
    void note_refusal();
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

    // For allows().
    bool settle(Tab &tab, std::uint64_t bytes, Clock::time_point now);

  private:
    const std::string vhost_;
    std::atomic<std::size_t> limit_ = 0;
    // What a channel may keep to itself: a part of a second's, or nothing where it is getting
    // tight.
    std::atomic<std::uint64_t> step_ = 0;
    // When all that was published would have been, at the speed that is allowed: in nanoseconds.
    std::atomic<std::int64_t> paid_until_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;
    LinePause line_pause_;
};

} // namespace webrocket
