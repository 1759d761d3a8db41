// How fast a peer may speak: so much a second, and more at once after a silence.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace webrocket {

// Of messages, or of their bytes.
class RateLimit {
  public:
    // 0 a second: without a limit. `at_once` is what comes in one go after a silence.
    RateLimit(std::size_t per_second, std::size_t at_once)
        : per_second_(static_cast<float>(per_second)), at_once_(static_cast<float>(at_once)) {}
    explicit RateLimit(std::size_t per_second) : RateLimit(per_second, per_second) {}

    bool exists() const { return per_second_ > 0; }
    float per_second() const { return per_second_; }
    float at_once() const { return at_once_; }

  private:
    float per_second_;
    float at_once_;
};

// How much of a limit one peer has left. The limit is kept elsewhere, once for all whom it binds.
class MessageRate {
  public:
    using Clock = std::chrono::steady_clock;

    MessageRate(const RateLimit &limit, Clock::time_point now)
        : left_(limit.at_once()), last_(milliseconds(now)) {}

    // Whether so much more is allowed now. Of a silence of weeks it may notice little.
    bool allows(const RateLimit &limit, std::size_t amount, Clock::time_point now) {
        const std::uint32_t time = milliseconds(now);
        const auto elapsed = std::max(static_cast<std::int32_t>(time - last_), 0);
        last_ = time;
        left_ = std::min(limit.at_once(),
                         left_ + static_cast<float>(elapsed) * limit.per_second() / 1000.0F);
        const auto wanted = static_cast<float>(amount);
        if (left_ < wanted)
            return false;
        left_ -= wanted;
        return true;
    }

  private:
    // Eight bytes in all: each page has several.
    static std::uint32_t milliseconds(Clock::time_point time) {
        return static_cast<std::uint32_t>(
            std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count());
    }

    float left_;
    std::uint32_t last_;
};

} // namespace webrocket
