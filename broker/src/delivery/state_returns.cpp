// What members say of what they hold, and what happens where they say nothing.
#include "delivery/parts.h"

#include <algorithm>
#include <utility>

namespace webrocket {

EntryIndex DeliveryState::Parts::held_by(const Member &member, std::uint64_t sequence) const {
    const EntryIndex index = by_sequence_.find(sequence);
    return index != FlatMap::none && pool_[index].place == EntryPlace::held &&
                   pool_[index].member == member.number
               ? index
               : nothing;
}

void DeliveryState::Parts::drop_hold(Member &member, EntryIndex index) {
    Entry &entry = pool_[index];
    if (member.resend == index) {
        const EntryIndex next = Line::after(pool_, index);
        member.resend =
            next != nothing && pool_[next].number <= member.resend_upto ? next : nothing;
    }
    member.by_tag.remove(pool_, index);
    member.by_deadline.remove(pool_, index);
    entry.place = EntryPlace::nowhere;
    is_keeper_due_ = --member.held == 0 || is_keeper_due_;
    if (entry.is_gap || lane_of(entry) != Lane::alone)
        return;
    --member.alone;
    member.owes_turn = member.owes_turn || &member == keeper_;
    let_go(member);
}

void DeliveryState::Parts::acknowledge_one(Member &member, EntryIndex index) {
    drop_hold(member, index);
    settle(index);
    counts_.acknowledged += pool_[index].is_gap ? 0 : 1;
    progress_ = now_;
    forget(index);
}

std::size_t DeliveryState::Parts::acknowledge(std::uint64_t stream, std::uint64_t upto,
                                              std::span<const std::uint64_t> ids) {
    Member *member = roster_.find(stream);
    if (member == nullptr)
        return ids.size() + (upto > 0 ? 1 : 0);
    while (!member->by_tag.empty() && pool_[member->by_tag.first()].number <= upto)
        acknowledge_one(*member, member->by_tag.first());
    std::size_t ignored = 0;
    for (const std::uint64_t sequence : ids) {
        const EntryIndex index = held_by(*member, sequence);
        if (index == nothing)
            ++ignored;
        else
            acknowledge_one(*member, index);
    }
    consider(*member);
    return ignored;
}

std::int64_t DeliveryState::Parts::delay_max() const {
    return settings_.is_ordered ? delivery_limits::ordered_delay_ms_max
                                : static_cast<std::int64_t>(delivery_limits::delay_ms.most);
}

std::size_t DeliveryState::Parts::give_back(std::uint64_t stream,
                                            std::span<const std::uint64_t> ids,
                                            std::int64_t delay_ms, bool is_unhandled) {
    Member *member = roster_.find(stream);
    if (member == nullptr)
        return ids.size();
    const std::int64_t delay = std::clamp<std::int64_t>(delay_ms, 0, delay_max());
    std::size_t ignored = 0;
    for (const std::uint64_t sequence : ids) {
        const EntryIndex index = held_by(*member, sequence);
        if (index == nothing) {
            ++ignored;
            continue;
        }
        progress_ = now_;
        come_back(*member, index, is_unhandled ? ReturnReason::unhandled : ReturnReason::nack,
                  delay);
    }
    consider(*member);
    return ignored;
}

std::size_t DeliveryState::Parts::extend(std::uint64_t stream, std::span<const std::uint64_t> ids) {
    Member *member = roster_.find(stream);
    if (member == nullptr)
        return ids.size();
    std::size_t ignored = 0;
    for (const std::uint64_t sequence : ids) {
        const EntryIndex index = held_by(*member, sequence);
        if (index == nothing) {
            ++ignored;
            continue;
        }
        member->by_deadline.remove(pool_, index);
        pool_[index].when = now_ + member->ack_deadline_ms;
        member->by_deadline.push_back(pool_, index);
        due(pool_[index].when);
    }
    return ignored;
}

void DeliveryState::Parts::gap_comes_back(EntryIndex index, std::int64_t delay_ms) {
    if (delay_ms > 0) {
        Entry &entry = pool_[index];
        entry.place = EntryPlace::delayed;
        entry.when = now_ + delay_ms;
        delayed_.emplace(std::pair{entry.when, entry.sequence}, index);
        ++delayed_gaps_;
        due(entry.when);
        return;
    }
    gaps_.put(index);
    announce(ready_.live());
}

// Counts the try; true if it was the last one.
bool DeliveryState::Parts::is_dead(Entry &entry, ReturnReason reason) {
    if (reason <= ReturnReason::unhandled)
        return false;
    entry.reason = reason;
    ++entry.counted;
    return entry.counted >= settings_.max_deliver;
}

void DeliveryState::Parts::come_back(Member &member, EntryIndex index, ReturnReason reason,
                                     std::int64_t delay_ms) {
    drop_hold(member, index);
    Entry &entry = pool_[index];
    if (entry.is_gap) {
        gap_comes_back(index, delay_ms);
        return;
    }
    if (is_dead(entry, reason)) {
        ++counts_.dead_letters;
        effects_.dead_letters.push_back(
            {entry.sequence, entry.cookie, entry.topic, entry.attempt, entry.reason});
        forget(index);
        return;
    }
    ++entry.attempt;
    entry.aged_from += delay_ms;
    if (entry.aged_from + settings_.max_age_ms <= now_) {
        const std::uint64_t sequence = entry.sequence;
        settle(index);
        forget(index);
        lose(sequence, GapReason::expired);
        return;
    }
    effects_.attempts.push_back({entry.sequence,
                                 {entry.attempt, entry.counted, entry.reason, entry.aged_from,
                                  delay_ms > 0 ? now_ + delay_ms : 0}});
    begin_waiting(index, now_ + delay_ms);
}

void DeliveryState::Parts::all_come_back(Member &member, ReturnReason first, ReturnReason others) {
    for (ReturnReason reason = first; !member.by_tag.empty(); reason = others)
        come_back(member, member.by_tag.first(), reason, 0);
}

// Who lets its lowest tag run out may be stuck there, and the rest behind it: all goes back, but
// only the first is to blame. Of others only that one goes back.
void DeliveryState::Parts::end_deadlines() {
    roster_.each([&](Member &member) {
        if (!member.is_connected || member.by_tag.empty())
            return;
        if (pool_[member.by_tag.first()].when <= now_)
            all_come_back(member, ReturnReason::deadline, ReturnReason::unhandled);
        while (!member.by_deadline.empty() && pool_[member.by_deadline.first()].when <= now_)
            come_back(member, member.by_deadline.first(), ReturnReason::unhandled, 0);
        consider(member);
    });
}

void DeliveryState::Parts::find_next_due() {
    next_due_ = INT64_MAX;
    if (!delayed_.empty())
        due(delayed_.begin()->first.first);
    roster_.each([&](const Member &member) {
        if (!member.is_connected)
            due(member.lease_until);
        else if (!member.by_deadline.empty())
            due(pool_[member.by_deadline.first()].when);
    });
    const EntryIndex oldest = bounds_.oldest();
    if (oldest != nothing)
        due(pool_[oldest].aged_from + settings_.max_age_ms);
}

void DeliveryState::Parts::advance() {
    if (now_ < next_due_)
        return;
    end_delays();
    end_deadlines();
    end_leases();
    end_ages();
    find_next_due();
}

} // namespace webrocket
