// Members: how they come, come again, and go.
#include "delivery/parts.h"

#include <algorithm>
#include <vector>

namespace webrocket {

Joined DeliveryState::Parts::joined(const Member &member, bool is_resumed) const {
    return {JoinObstacle::none, is_resumed,      member.stream,
            member.connection,  member.lease_ms, member.ack_deadline_ms};
}

Joined DeliveryState::Parts::join(const JoinRequest &request) {
    Member *member = roster_.find(request.name);
    const JoinObstacle obstacle = roster_.obstacle(member, request.filter);
    if (obstacle != JoinObstacle::none)
        return {.obstacle = obstacle};
    const bool is_resumed = member != nullptr && request.stream == member->stream;
    if (is_resumed) {
        resume(*member, request);
    } else if (member != nullptr) {
        replace(*member, request);
    } else {
        member = &roster_.add(request.name);
        if (roster_.size() == 1)
            progress_ = now_;
        memberless_since_ = INT64_MAX;
        roster_.set_filter(*member, request.filter, ready_);
    }
    if (!is_resumed) {
        roster_.begin_stream(*member);
        member->lease_ms = settings_.lease_ms;
        member->ack_deadline_ms = settings_.ack_deadline_ms;
    }
    member->window = std::max(request.window, 1U);
    ++member->connection;
    member->is_asleep = false;
    roster_.set_connected(*member, true, ready_);
    filters_changed();
    if (is_resumed)
        take_back_unread(*member);
    ring_for_rest();
    return joined(*member, is_resumed);
}

void DeliveryState::Parts::change_filter(Member &member, std::uint32_t filter) {
    roster_.leave_sleepers(member);
    roster_.set_connected(member, false, ready_);
    if (roster_.filter_of(member) == filter)
        return;
    roster_.leave_filter(member, ready_);
    roster_.set_filter(member, filter, ready_);
}

void DeliveryState::Parts::replace(Member &member, const JoinRequest &request) {
    const bool was_connected = member.is_connected;
    effects_.ended.push_back({member.stream, member.connection,
                              was_connected ? StreamEnd::replaced : StreamEnd::superseded});
    const ReturnReason reason = was_connected ? ReturnReason::unhandled : ReturnReason::worker_lost;
    let_go(member);
    change_filter(member, request.filter);
    all_come_back(member, reason, reason);
}

// What was read stays; what was not is to be sent again.
void DeliveryState::Parts::resume(Member &member, const JoinRequest &request) {
    if (member.is_connected)
        effects_.ended.push_back({member.stream, member.connection, StreamEnd::resumed});
    let_go(member);
    change_filter(member, request.filter);
    member.resend = nothing;
    member.resend_upto = member.last_tag;
    for (EntryIndex index = member.by_tag.last();
         index != nothing && pool_[index].number > request.tag; index = Line::before(pool_, index))
        member.resend = index;
    for (EntryIndex index = member.by_deadline.first(); index != nothing;
         index = TimeLine::after(pool_, index))
        pool_[index].when = now_ + member.ack_deadline_ms;
    due(now_ + member.ack_deadline_ms);
}

// What it has not read and does not want any more, or has no room for, is for others.
void DeliveryState::Parts::take_back_unread(Member &member) {
    for (EntryIndex index = member.resend; index != nothing;) {
        const EntryIndex next = Line::after(pool_, index);
        const Entry &entry = pool_[index];
        if (!entry.is_gap && !ready_.is_matched_by(entry.topic, member.slot))
            come_back(member, index, ReturnReason::unhandled, 0);
        index = next;
    }
    while (member.resend != nothing && member.held > member.window)
        come_back(member, member.by_tag.last(), ReturnReason::unhandled, 0);
}

void DeliveryState::Parts::disconnect(std::uint64_t stream, std::uint64_t connection) {
    Member *member = roster_.find(stream);
    if (member == nullptr || !member->is_connected || member->connection != connection)
        return;
    roster_.leave_sleepers(*member);
    roster_.set_connected(*member, false, ready_);
    member->lease_until = now_ + member->lease_ms;
    due(member->lease_until);
    let_go(*member);
    // It may have been rung.
    ring_for_rest();
}

void DeliveryState::Parts::set_last_filters(std::span<const std::uint32_t> filters) {
    roster_.set_last_filters(filters, ready_);
    filters_changed();
}

void DeliveryState::Parts::end_lease(Member &member) {
    effects_.ended.push_back({member.stream, member.connection, StreamEnd::lease_over});
    all_come_back(member, ReturnReason::worker_lost, ReturnReason::worker_lost);
    roster_.leave_filter(member, ready_);
    roster_.remove(member);
    if (roster_.size() == 0)
        memberless_since_ = now_;
    filters_changed();
}

void DeliveryState::Parts::end_leases() {
    std::vector<Member *> over;
    roster_.each([&](Member &member) {
        if (!member.is_connected && member.lease_until <= now_)
            over.push_back(&member);
    });
    for (Member *member : over)
        end_lease(*member);
}

std::vector<DeliveryMember> DeliveryState::Parts::members() const {
    std::vector<DeliveryMember> all;
    roster_.each([&](const Member &member) {
        all.push_back({member.name, member.stream, roster_.filter_of(member), member.window,
                       member.held, member.is_connected});
    });
    return all;
}

} // namespace webrocket
