// How events come into a group and go.
#include "delivery/parts.h"

#include <algorithm>

namespace webrocket {

EntryIndex DeliveryState::Parts::make(const DeliveryEvent &event) {
    if (bounds_.all().events == 0)
        progress_ = now_;
    const EntryIndex index = pool_.make();
    Entry &entry = pool_[index];
    entry.sequence = event.sequence;
    entry.cookie = event.cookie;
    entry.bytes = event.bytes;
    entry.topic = event.topic;
    entry.number = ++last_arrival_;
    // What is new is in the order of age: a clock that went back stands still.
    entry.aged_from = std::max(last_aged_from_, std::min(event.time_ms, now_));
    last_aged_from_ = entry.aged_from;
    by_sequence_.insert(event.sequence, index);
    ready_.add_topic(event.topic);
    bounds_.come(index, event.sender);
    if (settings_.is_ordered)
        entry.key = keys_.come(event.key);
    return index;
}

void DeliveryState::Parts::restore_event(const DeliveryEvent &event, const DeliveryTries &tries) {
    if (by_sequence_.find(event.sequence) != FlatMap::none)
        return;
    const EntryIndex index = make(event);
    Entry &entry = pool_[index];
    entry.attempt = std::max(tries.attempt, 1U);
    entry.is_new = entry.attempt == 1;
    entry.counted = static_cast<std::uint8_t>(std::min(tries.counted, 255U));
    entry.reason = tries.reason;
    // Not later than what can be asked for now, whatever a clock said then.
    const std::int64_t latest = now_ + delay_max();
    if (!entry.is_new && tries.aged_from_ms != 0)
        entry.aged_from = std::min(tries.aged_from_ms, latest);
    begin_waiting(index, entry.is_new ? now_ : std::min(tries.ready_ms, latest));
}

void DeliveryState::Parts::restore_gap(std::uint64_t sequence, const DeliveryGap &gap) {
    if (by_sequence_.find(sequence) == FlatMap::none)
        by_sequence_.insert(sequence, gaps_.restore(sequence, gap));
}

void DeliveryState::Parts::set_settings(const DeliverySettings &settings) {
    const bool is_ordered = settings_.is_ordered;
    const bool goes_on = settings_.is_paused && !settings.is_paused;
    settings_ = settings;
    settings_.is_ordered = is_ordered;
    due(now_); // ages
    if (!goes_on)
        return;
    is_keeper_due_ = true;
    roster_.each([&](Member &member) { consider(member); });
}

bool DeliveryState::Parts::set_order(bool is_ordered, const EventKeys &keys) {
    if (roster_.size() > 0)
        return false;
    if (settings_.is_ordered == is_ordered)
        return true;
    settings_.is_ordered = is_ordered;
    std::vector<EntryIndex> all;
    bounds_.each_waiting([&](EntryIndex index) { all.push_back(index); });
    keys_.empty();
    for (const EntryIndex index : all) {
        Entry &entry = pool_[index];
        if (entry.key != nothing)
            keys_.leave(entry.key);
        entry.key = is_ordered ? keys_.come(keys.key_of(entry.sequence, entry.cookie)) : nothing;
    }
    requeue_all();
    return true;
}

bool DeliveryState::Parts::refuses_nothing(std::int64_t now) const {
    if (settings_.drops_oldest)
        return true;
    if (bounds_.all().events == 0)
        return false;
    const std::int64_t since = roster_.size() == 0 ? memberless_since_ : progress_;
    return std::max(now, now_) - since >= delivery_limits::stalled_ms;
}

DeliveryVerdict DeliveryState::Parts::judge(const DeliveryEvent &event, std::int64_t now) const {
    const bool is_sender_over = bounds_.is_sender_over_with(event);
    const bool is_full = is_at_bound_ || bounds_.is_full_with(event);
    if (!is_sender_over && !is_full)
        return DeliveryVerdict::taken;
    if (!refuses_nothing(now))
        return is_sender_over ? DeliveryVerdict::sender_is_over : DeliveryVerdict::full;
    const bool is_lost = bounds_.would_sender_be_over_with(event) ||
                         bounds_.would_be_full_with(event) ||
                         (is_at_bound_ && bounds_.waiting().events == 0);
    return is_lost ? DeliveryVerdict::dropped : DeliveryVerdict::taken;
}

// The oldest go: those of a sender that has too much, then any.
void DeliveryState::Parts::make_room_for(const DeliveryEvent &event) {
    const Amount before = bounds_.all();
    const auto has_freed_enough = [&] {
        const Amount freed = before - bounds_.all();
        return freed.events > 0 && freed.bytes >= event.bytes;
    };
    for (EntryIndex oldest = bounds_.oldest_of(event.sender);
         oldest != nothing && bounds_.is_sender_over_with(event);
         oldest = bounds_.oldest_of(event.sender))
        lose_waiting(oldest, GapReason::overflow);
    for (EntryIndex oldest = bounds_.oldest();
         oldest != nothing &&
         (bounds_.is_full_with(event) || (is_at_bound_ && !has_freed_enough()));
         oldest = bounds_.oldest())
        lose_waiting(oldest, GapReason::overflow);
}

void DeliveryState::Parts::add(const DeliveryEvent &event) {
    if (by_sequence_.find(event.sequence) != FlatMap::none)
        return;
    ++counts_.added;
    if (judge(event, now_) == DeliveryVerdict::dropped) {
        effects_.settled.push_back({event.sequence, event.cookie, event.topic, false});
        lose(event.sequence, GapReason::overflow);
        return;
    }
    if (refuses_nothing(now_))
        make_room_for(event);
    begin_waiting(make(event), now_);
}

bool DeliveryState::Parts::requeue(const DeliveryEvent &event, std::uint32_t attempt) {
    if (by_sequence_.find(event.sequence) != FlatMap::none)
        return false;
    const std::int64_t last = last_aged_from_;
    const EntryIndex index = make(event);
    last_aged_from_ = last;
    Entry &entry = pool_[index];
    entry.is_new = false;
    entry.aged_from = now_;
    entry.attempt = attempt + 1;
    effects_.attempts.push_back({event.sequence, {entry.attempt, 0, ReturnReason::none, now_, 0}});
    begin_waiting(index, now_);
    return true;
}

void DeliveryState::Parts::lose(std::uint64_t sequence, GapReason reason) {
    tell_loss({0, reason, sequence, sequence, 1, now_});
}

void DeliveryState::Parts::add_gap(const DeliveryGap &gap) { tell_loss(gap); }

void DeliveryState::Parts::tell_loss(const DeliveryGap &loss) {
    counts_.lost += loss.count.value_or(0);
    const EntryIndex withdrawn = gaps_.merge(loss);
    if (withdrawn == nothing)
        return;
    by_sequence_.erase(pool_[withdrawn].sequence);
    settle(withdrawn);
}

void DeliveryState::Parts::name_gap(std::uint64_t number, std::uint64_t sequence) {
    if (sequence == 0 || by_sequence_.find(sequence) != FlatMap::none)
        return;
    const EntryIndex index = gaps_.name(number, sequence);
    if (index == nothing)
        return;
    by_sequence_.insert(sequence, index);
    announce(ready_.live());
}

void DeliveryState::Parts::settle(EntryIndex index) {
    const Entry &entry = pool_[index];
    effects_.settled.push_back(
        {entry.sequence, entry.is_gap ? 0 : entry.cookie, entry.topic, entry.is_gap});
}

// It is nowhere any more: neither waiting nor in anybody's hands.
void DeliveryState::Parts::forget(EntryIndex index) {
    const Entry &entry = pool_[index];
    by_sequence_.erase(entry.sequence);
    if (entry.is_gap) {
        gaps_.forget(index);
        if (gaps_.first() != nothing) // there may have been too many
            announce(ready_.live());
    } else {
        leave_key(index);
        ready_.remove_topic(entry.topic);
        bounds_.leave(index);
    }
    pool_.release(index);
}

void DeliveryState::Parts::lose_waiting(EntryIndex index, GapReason reason) {
    end_waiting(index);
    settle(index);
    tell_loss({0, reason, pool_[index].sequence, pool_[index].sequence, 1, now_});
    forget(index);
}

} // namespace webrocket
