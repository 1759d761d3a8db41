// How a change of a group's state is made: with its lock, and then what follows from it.
#pragma once

#include "groups/kept_group.h"

#include <cstdint>
#include <mutex>

namespace webrocket {

// `change` returns something.
template <typename Change>
auto KeptGroup::with_state(const Change &change) {
    std::unique_lock lock(mutex_);
    auto result = change(state_);
    follow();
    const bool want_others = effects_.have_filters_changed;
    effects_.clear();
    const bool has_to_write =
        !unwritten_.empty() || (state_.has_effects() && !owner_.event_log().is_failing());
    const std::int64_t deadline = state_.next_deadline();
    lock.unlock();
    if (is_ended())
        return result;
    if (want_others)
        owner_.filters_changed(shared_from_this());
    if (has_to_write && !is_writing_asked_.exchange(true))
        owner_.write_soon(shared_from_this());
    if (deadline < wakes_at_.load(std::memory_order_relaxed)) {
        wakes_at_.store(deadline, std::memory_order_relaxed);
        owner_.wake_at(shared_from_this(), deadline);
    }
    return result;
}

} // namespace webrocket
