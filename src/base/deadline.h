#pragma once

#include <algorithm>
#include <chrono>
#include <climits>
#include <optional>

#include "base/settings.h"

namespace kn {

/// A point in time that something must not outlast; nothing stands for never.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

inline Deadline deadline_after(milliseconds limit) noexcept {
    if (limit < milliseconds::zero() || limit > century)
        return std::nullopt;
    return std::chrono::steady_clock::now() + limit;
}

inline bool has_passed(const Deadline &when) noexcept {
    return when && std::chrono::steady_clock::now() >= *when;
}

/// What is left until then, as poll() and epoll_wait() take it: -1 means for ever.
inline int poll_timeout_ms(const Deadline &until) noexcept {
    if (!until)
        return -1;
    const auto left = std::chrono::ceil<milliseconds>(*until - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp<milliseconds::rep>(left.count(), 0, INT_MAX));
}

/// The earlier of the two.
inline Deadline sooner(const Deadline &a, const Deadline &b) noexcept {
    if (!a || !b)
        return a ? a : b;
    return *a < *b ? a : b;
}

} // namespace kn
