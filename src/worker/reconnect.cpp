#include "worker/reconnect.h"

#include <algorithm>

namespace kn {
namespace {

constexpr std::chrono::seconds stable_after{60};
constexpr std::chrono::minutes longest_retry_after{5};

} // namespace

ReconnectPolicy::ReconnectPolicy(milliseconds min_delay, milliseconds max_delay, std::uint32_t seed)
    : min_(min_delay), max_(max_delay), base_(min_delay), dice_(seed) {}

Verdict ReconnectPolicy::judge(long http_status, bool is_event_stream) const noexcept {
    switch (http_status) {
    case 200:
        return is_event_stream ? Verdict::stream : Verdict::retry;
    case 204:
        return Verdict::ended;
    case 401:
    case 403:
    case 405:
    case 406:
    case 410:
    case 501:
        return Verdict::fatal;
    case 408:
    case 425:
    case 429:
        return Verdict::retry;
    default:
        break;
    }
    // Before the first connection a refusal is a mistake that a person has to see; after it, it is
    // a deployment or a proxy.
    const bool is_refusal = http_status >= 400 && http_status < 500;
    return is_refusal && !was_connected_ ? Verdict::fatal : Verdict::retry;
}

void ReconnectPolicy::hint(std::uint64_t delay_ms) noexcept {
    const auto limit = static_cast<std::uint64_t>(max_.count());
    base_ = std::max(min_, milliseconds(std::min(delay_ms, limit)));
}

void ReconnectPolicy::connected(Clock::time_point now) noexcept {
    was_connected_ = true;
    is_connected_ = true;
    received_something_ = false;
    received_event_ = false;
    ended_in_order_ = false;
    connected_at_ = now;
}

/// Delays grow for tries that fail. A balancer that ends every stream after a time, or after so
/// many events, is no failure, though it may end it in its own way, without an order.
bool ReconnectPolicy::was_good(Clock::time_point now) const noexcept {
    if (!is_connected_)
        return false;
    const auto up = now - connected_at_;
    if (up >= base_)
        return received_something_ || ended_in_order_ || up >= stable_after;
    return received_event_ && ended_in_order_;
}

auto ReconnectPolicy::half_random(milliseconds delay) noexcept -> milliseconds {
    const milliseconds::rep half = delay.count() / 2;
    return milliseconds(std::uniform_int_distribution<milliseconds::rep>(delay.count() - half,
                                                                         delay.count())(dice_));
}

auto ReconnectPolicy::next_delay(Clock::time_point now, std::int64_t retry_after_ms) noexcept
    -> milliseconds {
    if (was_good(now))
        failures_ = 0;
    is_connected_ = false;

    milliseconds delay = base_;
    for (unsigned i = 0; i < failures_ && delay < max_; ++i)
        delay = std::min(delay * 2, max_);
    ++failures_;
    delay = std::max(half_random(delay), milliseconds(1));

    if (retry_after_ms < 0)
        return delay;
    const milliseconds asked =
        std::min(milliseconds(retry_after_ms), milliseconds(longest_retry_after));
    // Whoever was turned away together must not come back together.
    return std::max(delay, asked + half_random(base_));
}

} // namespace kn
