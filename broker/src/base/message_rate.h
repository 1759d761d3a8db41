// How fast a peer may speak: so much a second, and more at once after a silence.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace webrocket {

// Of messages, or of their bytes.
class MessageRate {
  public:
    using Clock = std::chrono::steady_clock;

    // 0 a second: without a limit. `at_once` is what comes in one go after a silence.
    MessageRate(std::size_t per_second, std::size_t at_once)
        : per_second_(static_cast<float>(per_second)), most_(static_cast<float>(at_once)),
          allowance_(most_) {}
    explicit MessageRate(std::size_t per_second) : MessageRate(per_second, per_second) {}

    bool is_limited() const { return per_second_ > 0; }

    // Whether so much more is allowed now.
    bool allows(std::size_t amount, Clock::time_point now) {
        const std::chrono::duration<float> elapsed = now - last_;
        last_ = now;
        allowance_ = std::min(most_, allowance_ + elapsed.count() * per_second_);
        const auto wanted = static_cast<float>(amount);
        if (allowance_ < wanted)
            return false;
        allowance_ -= wanted;
        return true;
    }

  private:
    float per_second_;
    float most_;
    float allowance_;
    Clock::time_point last_ = Clock::now();
};

} // namespace webrocket
