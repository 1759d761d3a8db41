// What is handed out to whom, and who is told that there is something.
#include "delivery/parts.h"

#include <bit>
#include <tuple>
#include <utility>

namespace webrocket {

bool DeliveryState::Parts::has_common(const Member &member) const {
    return gaps_.first() != nothing || ready_.has(member.slot, Lane::common);
}

// The next one for it; `nothing` if there is none.
EntryIndex DeliveryState::Parts::choose(const Member &member) const {
    if (settings_.is_paused || member.alone > 0 || member.held >= member.window)
        return nothing;
    if (&member == keeper_)
        return member.held == 0 ? ready_.first(member.slot, Lane::alone) : nothing;
    const EntryIndex gap = gaps_.first();
    return gap != nothing ? gap : ready_.first(member.slot, Lane::common);
}

bool DeliveryState::Parts::can_take(const Member &member) const {
    return (member.resend != nothing && !settings_.is_paused) || choose(member) != nothing;
}

void DeliveryState::Parts::claim(std::uint64_t stream, std::size_t max,
                                 std::vector<Delivery> &into) {
    Member *member = roster_.find(stream);
    if (member == nullptr || !member->is_connected)
        return;
    roster_.leave_sleepers(*member);
    member->is_asleep = false;
    std::size_t left = max;
    for (; left > 0 && member->resend != nothing && !settings_.is_paused; --left)
        send_again(*member, into);
    for (; left > 0; --left) {
        const EntryIndex index = choose(*member);
        if (index == nothing)
            break;
        hand_out(*member, index, into);
    }
    if (max > 0 && !settings_.is_paused && std::exchange(member->owes_turn, false))
        is_keeper_due_ = true;
    member->is_asleep = left > 0;
    consider(*member);
    ring_for_rest();
}

void DeliveryState::Parts::hand_out(Member &member, EntryIndex index, std::vector<Delivery> &into) {
    Entry &entry = pool_[index];
    if (entry.is_gap) {
        gaps_.hand_out(index);
    } else {
        end_waiting(index);
        entry.is_new = false;
        if (lane_of(entry) == Lane::alone)
            ++member.alone;
        if (entry.attempt > 1)
            ++counts_.redelivered;
    }
    entry.place = EntryPlace::held;
    entry.member = member.number;
    ++member.held;
    deliver(member, index, into);
}

void DeliveryState::Parts::send_again(Member &member, std::vector<Delivery> &into) {
    const EntryIndex index = member.resend;
    const EntryIndex next = Line::after(pool_, index);
    member.resend = next != nothing && pool_[next].number <= member.resend_upto ? next : nothing;
    member.by_tag.remove(pool_, index);
    member.by_deadline.remove(pool_, index);
    deliver(member, index, into);
}

void DeliveryState::Parts::deliver(Member &member, EntryIndex index, std::vector<Delivery> &into) {
    Entry &entry = pool_[index];
    entry.number = ++member.last_tag;
    entry.when = now_ + member.ack_deadline_ms;
    member.by_tag.push_back(pool_, index);
    member.by_deadline.push_back(pool_, index);
    due(entry.when);
    Delivery &made = into.emplace_back();
    made.sequence = entry.sequence;
    made.tag = entry.number;
    if (!entry.is_gap) {
        made.cookie = entry.cookie;
        made.attempt = entry.attempt;
        made.topic = entry.topic;
        return;
    }
    const DeliveryGap &gap = gaps_.of(index);
    made.reason = gap.reason;
    made.from = gap.from;
    made.to = gap.to;
    made.count = gap.count;
}

// Something is ready for members with one of these filters: one that sleeps is rung.
void DeliveryState::Parts::announce(FilterBits bits) {
    if (settings_.is_paused)
        return;
    for (bits &= ready_.live(); bits != 0; bits &= bits - 1) {
        Member *sleeper = roster_.first_sleeper(static_cast<std::size_t>(std::countr_zero(bits)));
        if (sleeper == nullptr)
            continue;
        ring(*sleeper);
        return;
    }
}

// Who was rung for what is ready has not taken all of it, or cannot any more.
void DeliveryState::Parts::ring_for_rest() {
    const bool has_gap = gaps_.first() != nothing;
    if (settings_.is_paused || (!has_gap && ready_.size(Lane::common) == 0))
        return;
    for (FilterBits bits = ready_.live(); bits != 0; bits &= bits - 1) {
        const auto slot = static_cast<std::size_t>(std::countr_zero(bits));
        Member *sleeper = roster_.first_sleeper(slot);
        if (sleeper != nullptr && (has_gap || ready_.has(slot, Lane::common)))
            ring(*sleeper);
    }
}

void DeliveryState::Parts::ring(Member &member) {
    roster_.leave_sleepers(member);
    member.is_asleep = false;
    effects_.ring.push_back(member.stream);
}

// After something about it has changed: is there something for it, or may it be rung later?
void DeliveryState::Parts::consider(Member &member) {
    if (!member.is_connected || !member.is_asleep)
        return;
    if (can_take(member))
        ring(member);
    else if (&member != keeper_ && member.alone == 0 && member.held < member.window)
        roster_.queue_sleeper(member);
    else
        roster_.leave_sleepers(member);
}

// It is not the one that is kept free any more.
void DeliveryState::Parts::let_go(const Member &member) {
    if (keeper_ == &member)
        keeper_ = nullptr;
    is_keeper_due_ = true;
}

// Whom to keep free for what is handed out alone: best one that holds nothing. Who has just had
// such a one, and has nobody beside it, first has a turn at the others.
Member *DeliveryState::Parts::best_keeper() {
    const auto merit = [&](const Member &one) {
        return std::tuple{one.held > 0, ready_.first_rank(one.slot, Lane::alone), one.held,
                          one.stream};
    };
    Member *best = nullptr;
    roster_.each([&](Member &member) {
        if (!member.is_connected || member.alone > 0 || !ready_.has(member.slot, Lane::alone))
            return;
        if (member.owes_turn && roster_.connected_with(member.slot) == 1 && has_common(member)) {
            is_keeper_due_ = true;
            if (member.is_asleep && !settings_.is_paused)
                ring(member);
        } else if (best == nullptr || merit(member) < merit(*best)) {
            best = &member;
        }
    });
    return best;
}

// It gets nothing more until it holds nothing, unless another one is there sooner.
void DeliveryState::Parts::choose_keeper() {
    is_keeper_due_ = false;
    const auto let_off = [&] { consider(*std::exchange(keeper_, nullptr)); };
    if (keeper_ != nullptr && keeper_->alone == 0 && !ready_.has(keeper_->slot, Lane::alone))
        let_off();
    const bool is_wanted = keeper_ == nullptr || (keeper_->alone == 0 && keeper_->held > 0);
    Member *best = is_wanted && ready_.size(Lane::alone) > 0 ? best_keeper() : nullptr;
    if (best != nullptr && (keeper_ == nullptr || best->held == 0)) {
        if (keeper_ != nullptr)
            let_off();
        keeper_ = best;
        roster_.leave_sleepers(*best);
        ring_for_rest();
    }
    if (keeper_ != nullptr)
        consider(*keeper_);
}

} // namespace webrocket
