#include "client/retries.h"

#include <algorithm>
#include <new>
#include <string>

namespace kn {
namespace {

constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{5'000};
constexpr milliseconds shortest_try{1'000};

/// Whether the same request may succeed a little later.
bool may_pass(const Failure &why) noexcept {
    switch (why.status()) {
    case KN_ECONNECT:
    case KN_ETIMEOUT:
    case KN_EIO:
    case KN_ERATELIMIT:
    case KN_EUNAVAILABLE:
        return true;
    default:
        return why.http_status == 408 || why.http_status == 425;
    }
}

} // namespace

void tell_of_tries(Failure &why, const Tries &tries) noexcept {
    if (tries.repeated == 0)
        return;
    try {
        why = why.with_more("; tried " + std::to_string(tries.repeated + 1) + " times");
    } catch (const std::bad_alloc &) { // NOLINT(bugprone-empty-catch): it is less to read
    }
}

void Retries::begin(AnyCall &call) noexcept {
    if (options_.retries == 0)
        return;
    call.give_key(keys_);
    // Most calls find it full.
    if (budget_.load(std::memory_order_relaxed) < most)
        budget_.fetch_add(1, std::memory_order_relaxed);
}

const Answer &Retries::heard(const Answer &received) noexcept {
    // What fails may be a proxy's answer, which says nothing.
    const bool knows = received.knows_keys;
    const bool is_servers = knows || (received.http_status >= 200 && received.http_status < 300);
    if (is_servers && knows != knows_keys_.load(std::memory_order_relaxed))
        knows_keys_.store(knows, std::memory_order_relaxed);
    return received;
}

bool Retries::may_repeat(const AnyCall &call) const noexcept {
    return call.subject().what.is_same_twice ||
           (call.current().key.is_set() && knows_keys_.load(std::memory_order_relaxed));
}

Deadline Retries::try_until(const AnyCall &call, const Tries &tries,
                            const Deadline &until) const noexcept {
    if (!until || !has_left(tries) || !may_repeat(call) ||
        budget_.load(std::memory_order_relaxed) < cost)
        return until;
    const auto now = std::chrono::steady_clock::now();
    const auto half =
        std::max<std::chrono::steady_clock::duration>((*until - now) / 2, shortest_try);
    return std::min(*until, now + half);
}

std::optional<milliseconds> Retries::pause_after(const Failure &why, const AnyCall &call,
                                                 Tries &tries, const Deadline &until) noexcept {
    if (!has_left(tries) || !may_pass(why) || !(why.is_unsent || may_repeat(call)))
        return std::nullopt;
    const milliseconds pause =
        jitter(tries.repeated) + milliseconds(std::max<std::int64_t>(why.retry_after_ms, 0));
    if (until && std::chrono::steady_clock::now() + pause >= *until)
        return std::nullopt;
    if (!take_from_budget())
        return std::nullopt;
    ++tries.repeated;
    tries.may_be_done = tries.may_be_done || !why.is_unsent;
    metrics_.retried();
    return pause;
}

bool Retries::is_done(const Failure &why, const AnyCall &call, const Tries &tries) noexcept {
    return tries.may_be_done && call.subject().what.gone_is_done && why.status() == KN_ENOCHANNEL;
}

bool Retries::take_from_budget() noexcept {
    std::int32_t left = budget_.load(std::memory_order_relaxed);
    do {
        if (left < cost)
            return false;
    } while (!budget_.compare_exchange_weak(left, left - cost, std::memory_order_relaxed));
    return true;
}

/// All of it is chance, so that those who failed together do not come again together.
milliseconds Retries::jitter(std::int32_t repeated) noexcept {
    const std::int32_t doublings = std::min<std::int32_t>(repeated, 6);
    const milliseconds longest = std::min(first_pause * (1 << doublings), longest_pause);
    return milliseconds(static_cast<milliseconds::rep>(
        keys_.chance() % static_cast<std::uint64_t>(longest.count() + 1)));
}

} // namespace kn
