// What waits in a group: where, and for what.
#include "delivery/parts.h"

#include <algorithm>
#include <vector>

namespace webrocket {

// Until then it is for nobody. What comes back from a member is its key's current one.
void DeliveryState::Parts::begin_waiting(EntryIndex index, std::int64_t until) {
    Entry &entry = pool_[index];
    bounds_.begin_waiting(index);
    ready_.count_waiting(entry.topic, 1);
    due(entry.aged_from + settings_.max_age_ms);
    const bool was_current = entry.key != nothing && keys_.current(entry.key) == index;
    if (was_current)
        keys_.current(entry.key) = nothing;
    if (until <= now_) {
        become_ready(index);
    } else {
        entry.place = EntryPlace::delayed;
        entry.when = until;
        entry.holds_key = has_key(entry);
        if (entry.holds_key)
            ++keys_.delayed(entry.key);
        delayed_.emplace(std::pair{until, entry.sequence}, index);
        due(until);
    }
    if (was_current)
        pass_on_key(entry.key);
}

void DeliveryState::Parts::end_waiting(EntryIndex index) {
    Entry &entry = pool_[index];
    if (entry.place == EntryPlace::queued)
        take(index);
    else if (entry.place == EntryPlace::behind_key)
        keys_.stop_waiting(index);
    else
        delayed_.erase({entry.when, entry.sequence});
    if (std::exchange(entry.holds_key, false))
        --keys_.delayed(entry.key);
    ready_.count_waiting(entry.topic, -1);
    bounds_.end_waiting(index);
    entry.place = EntryPlace::nowhere;
}

// Of one key at most one is ready or out: that of the lowest rank.
void DeliveryState::Parts::become_ready(EntryIndex index) {
    const Entry &entry = pool_[index];
    if (!has_key(entry)) {
        put(index);
        return;
    }
    EntryIndex &current = keys_.current(entry.key);
    if (current != nothing && pool_[current].place == EntryPlace::queued &&
        entry.rank() < pool_[current].rank()) {
        take(current);
        keys_.wait(std::exchange(current, index));
        put(index);
        return;
    }
    if (current == nothing && keys_.delayed(entry.key) == 0 &&
        keys_.first_waiting(entry.key) == nothing) {
        current = index;
        put(index);
        return;
    }
    keys_.wait(index);
    pass_on_key(entry.key);
}

void DeliveryState::Parts::pass_on_key(std::uint32_t key) {
    if (keys_.current(key) != nothing || keys_.delayed(key) != 0)
        return;
    const EntryIndex next = keys_.first_waiting(key);
    if (next == nothing)
        return;
    keys_.stop_waiting(next);
    keys_.current(key) = next;
    put(next);
}

// It neither waits nor is in anybody's hands.
void DeliveryState::Parts::leave_key(EntryIndex index) {
    const std::uint32_t key = pool_[index].key;
    if (key == nothing)
        return;
    if (keys_.current(key) == index)
        keys_.current(key) = nothing;
    pass_on_key(key);
    keys_.leave(key);
}

void DeliveryState::Parts::put(EntryIndex index) {
    const Lane lane = lane_of(pool_[index]);
    ready_.put(index, lane);
    if (lane == Lane::alone)
        is_keeper_due_ = true;
    else
        announce(ready_.bits(pool_[index].topic));
}

void DeliveryState::Parts::take(EntryIndex index) {
    const Lane lane = lane_of(pool_[index]);
    ready_.take(index, lane);
    if (lane == Lane::alone)
        is_keeper_due_ = true;
}

// After the filters have changed, or the order.
void DeliveryState::Parts::requeue_all() {
    std::vector<EntryIndex> all;
    bounds_.each_waiting([&](EntryIndex index) { all.push_back(index); });
    ready_.empty();
    keys_.empty();
    ready_.reclassify();
    for (const EntryIndex index : all) {
        Entry &entry = pool_[index];
        if (entry.place != EntryPlace::delayed)
            continue;
        entry.holds_key = has_key(entry);
        if (entry.holds_key)
            ++keys_.delayed(entry.key);
    }
    for (const EntryIndex index : all)
        if (pool_[index].place != EntryPlace::delayed)
            become_ready(index);
    is_keeper_due_ = true;
}

void DeliveryState::Parts::filters_changed() {
    const FilterBits live = roster_.live();
    ready_.set_live(live);
    // Without a member nobody notices who waits behind whom.
    const bool has_changed = live != 0 && live != ready_.matching();
    if (live != 0)
        ready_.set_matching(live);
    if (roster_.take_new_filter() || (has_changed && (settings_.is_ordered || ready_.is_coarse())))
        requeue_all();
    is_keeper_due_ = true;
}

void DeliveryState::Parts::end_delays() {
    while (!delayed_.empty() && delayed_.begin()->first.first <= now_) {
        const EntryIndex index = delayed_.begin()->second;
        delayed_.erase(delayed_.begin());
        Entry &entry = pool_[index];
        entry.place = EntryPlace::nowhere;
        if (entry.is_gap) {
            --delayed_gaps_;
            gaps_.put(index);
            announce(ready_.live());
            continue;
        }
        if (std::exchange(entry.holds_key, false))
            --keys_.delayed(entry.key);
        become_ready(index);
    }
}

void DeliveryState::Parts::end_ages() {
    for (;;) {
        const EntryIndex oldest = bounds_.oldest();
        if (oldest == nothing || pool_[oldest].aged_from + settings_.max_age_ms > now_)
            return;
        lose_waiting(oldest, GapReason::expired);
    }
}

} // namespace webrocket
