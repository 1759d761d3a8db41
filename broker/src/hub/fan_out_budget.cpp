#include "hub/fan_out_budget.h"

#include "base/log.h"

#include <algorithm>
#include <fmt/format.h>

namespace webrocket {
namespace {

constexpr std::int64_t second = 1000000000;

std::int64_t nanoseconds(FanOutBudget::Clock::time_point time) {
    return std::chrono::nanoseconds(time.time_since_epoch()).count();
}

// As long as so many bytes may take; at most so long that the clock does not run over.
std::int64_t time_for(std::uint64_t bytes, std::size_t per_second) {
    constexpr double longest = 1e17; // three years
    return static_cast<std::int64_t>(std::min(
        static_cast<double>(bytes) * static_cast<double>(second) / static_cast<double>(per_second),
        longest));
}

// Where there is no limit it is counted, too, and forgotten: there may be one later.
std::uint64_t step_of(std::size_t limit) {
    constexpr std::size_t parts = 4096;
    constexpr std::uint64_t without_limit = std::uint64_t{1} << 20;
    return limit == 0 ? without_limit : limit / parts;
}

} // namespace

void FanOutBudget::set_limit(std::size_t bytes_per_second) {
    limit_ = bytes_per_second;
    step_ = step_of(bytes_per_second);
}

bool FanOutBudget::settle(Tab &tab, std::uint64_t bytes, Clock::time_point now) {
    const std::size_t limit = limit_;
    if (limit == 0) {
        tab.bytes_ = 0;
        return true;
    }
    const std::int64_t time = nanoseconds(now);
    const std::int64_t cost = time_for(tab.bytes_ + bytes, limit);
    std::int64_t paid_until = paid_until_.load(std::memory_order_relaxed);
    std::int64_t next = 0;
    do {
        if (paid_until - time > second)
            return false;
        next = std::max(paid_until, time) + cost;
    } while (!paid_until_.compare_exchange_weak(paid_until, next, std::memory_order_relaxed));
    tab.bytes_ = 0;
    step_.store(next - time > second / 2 ? 0 : step_of(limit), std::memory_order_relaxed);
    return true;
}

void FanOutBudget::note_refusal() {
    refused_.fetch_add(1, std::memory_order_relaxed);
    if (!line_pause_.is_over())
        return;
    log(spdlog::level::warn,
        fmt::format("more is published on {} than {} bytes a second, times their listeners: some "
                    "of it is refused",
                    vhost_, limit()),
        {log_field("vhost", vhost_)});
}

std::chrono::seconds FanOutBudget::wait(Clock::time_point now) const {
    const std::int64_t late = paid_until_.load(std::memory_order_relaxed) - nanoseconds(now);
    return std::chrono::seconds(std::max<std::int64_t>(1, (late + second - 1) / second - 1));
}

} // namespace webrocket
