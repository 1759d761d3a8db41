#include "groups/group_timer.h"

#include "base/without_exceptions.h"
#include "groups/kept_group.h"

#include <algorithm>
#include <chrono>

namespace webrocket {

GroupTimer::GroupTimer(EventLoops &loops) : loops_(loops), timer_(loops.first().io()) {}

void GroupTimer::wake_at(const std::shared_ptr<KeptGroup> &group, std::int64_t time_ms) {
    {
        const std::lock_guard lock(mutex_);
        const auto [known, is_new] = times_.emplace(group, time_ms);
        if (!is_new && known->second <= time_ms)
            return;
        if (!is_new)
            entries_.erase({known->second, group});
        known->second = time_ms;
        entries_.emplace(time_ms, group);
        if (entries_.begin()->second != group)
            return;
    }
    loops_.first().post([this] { wait(); });
}

void GroupTimer::forget(const std::shared_ptr<KeptGroup> &group) {
    const std::lock_guard lock(mutex_);
    const auto known = times_.find(group);
    if (known == times_.end())
        return;
    entries_.erase({known->second, group});
    times_.erase(known);
}

// The clock of groups can be set, so it is looked at now and then.
void GroupTimer::wait() {
    constexpr std::int64_t look_ms = 1000;
    std::int64_t wait_ms = look_ms;
    {
        const std::lock_guard lock(mutex_);
        if (entries_.empty())
            return;
        wait_ms = std::clamp<std::int64_t>(entries_.begin()->first - wall_clock_ms(), 1, look_ms);
    }
    timer_.expires_after(std::chrono::milliseconds(wait_ms));
    timer_.async_wait([this](const boost::system::error_code &cancelled) {
        if (!cancelled)
            without_exceptions([this] { on_time(); });
    });
}

void GroupTimer::on_time() {
    for (const auto &group : take_due(wall_clock_ms()))
        group->advance();
    wait();
}

std::vector<std::shared_ptr<KeptGroup>> GroupTimer::take_due(std::int64_t now) {
    std::vector<std::shared_ptr<KeptGroup>> due;
    const std::lock_guard lock(mutex_);
    while (!entries_.empty() && entries_.begin()->first <= now) {
        due.push_back(entries_.begin()->second);
        entries_.erase(entries_.begin());
        times_.erase(due.back());
    }
    return due;
}

} // namespace webrocket
