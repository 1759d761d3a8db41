// How fast a peer may speak: so many messages a second, and as many at once after a silence.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace webrocket {

class MessageRate {
  public:
    using Clock = std::chrono::steady_clock;

    // 0: without a limit.
    explicit MessageRate(std::size_t per_second)
        : per_second_(static_cast<float>(per_second)), allowance_(per_second_) {}

    bool is_limited() const { return per_second_ > 0; }

    // Whether one more is allowed now.
    bool allows_one(Clock::time_point now) {
        const std::chrono::duration<float> elapsed = now - last_;
        last_ = now;
        allowance_ = std::min(per_second_, allowance_ + elapsed.count() * per_second_);
        if (allowance_ < 1)
            return false;
        allowance_ -= 1;
        return true;
    }

  private:
    float per_second_;
    float allowance_;
    Clock::time_point last_ = Clock::now();
};

} // namespace webrocket
