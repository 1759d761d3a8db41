#include "delivery/roster.h"

#include <algorithm>
#include <utility>

namespace webrocket::group_state {

Member *Roster::find(std::string_view name) const {
    const auto found = members_.find(name);
    return found == members_.end() ? nullptr : found->second.get();
}

Member *Roster::find(std::uint64_t stream) const {
    const auto found = by_stream_.find(stream);
    return found == by_stream_.end() ? nullptr : found->second;
}

JoinObstacle Roster::obstacle(const Member *member, std::uint32_t filter) const {
    if (member == nullptr && members_.size() >= delivery_limits::members_max)
        return JoinObstacle::too_many_members;
    std::size_t others = 0;
    for (const Slot &slot : slots_) {
        const bool is_its = member != nullptr && &slot == &slots_[member->slot];
        if (slot.members > (is_its ? 1U : 0U)) {
            if (slot.filter == filter)
                return JoinObstacle::none;
            ++others;
        }
    }
    return others < filter_slots ? JoinObstacle::none : JoinObstacle::too_many_filters;
}

Member &Roster::add(std::string_view name) {
    auto made = std::make_unique<Member>();
    Member &member = *made;
    member.name = name;
    member.number = free_numbers_.empty() ? numbers_++ : free_numbers_.back();
    if (!free_numbers_.empty())
        free_numbers_.pop_back();
    member.node = others_.insert(others_.end(), &member);
    members_.emplace(member.name, std::move(made));
    return member;
}

void Roster::remove(Member &member) {
    leave_sleepers(member);
    others_.erase(member.node);
    free_numbers_.push_back(member.number);
    by_stream_.erase(member.stream);
    members_.erase(members_.find(member.name));
}

void Roster::begin_stream(Member &member) {
    by_stream_.erase(member.stream);
    member.stream = ++last_stream_;
    member.connection = 0;
    member.last_tag = 0;
    member.resend = nothing;
    member.resend_upto = 0;
    member.owes_turn = false;
    by_stream_.emplace(member.stream, &member);
}

// There is one: obstacle() was asked, and what ended last is forgotten first.
std::size_t Roster::slot_for(std::uint32_t filter, ReadyQueue &ready) {
    const auto same = std::find_if(slots_.begin(), slots_.end(), [&](const Slot &slot) {
        return slot.is_used() && slot.filter == filter;
    });
    if (same != slots_.end())
        return static_cast<std::size_t>(same - slots_.begin());
    const auto free = std::find_if(slots_.begin(), slots_.end(),
                                   [](const Slot &slot) { return !slot.is_used(); });
    const auto number = static_cast<std::size_t>(free - slots_.begin());
    free->filter = filter;
    ready.use_slot(number, filter);
    has_new_filter_ = true;
    has_changed_ = true;
    return number;
}

void Roster::set_filter(Member &member, std::uint32_t filter, ReadyQueue &ready) {
    for (Slot &slot : slots_)
        if (slot.is_last && slot.members == 0 && slot.filter != filter) {
            slot.is_last = false;
            has_changed_ = true;
            ready.leave_slot(static_cast<std::size_t>(&slot - slots_.data()));
        }
    member.slot = slot_for(filter, ready);
    ++slots_[member.slot].members;
}

void Roster::leave_filter(Member &member, ReadyQueue &ready) {
    leave_sleepers(member);
    Slot &slot = slots_[member.slot];
    if (--slot.members > 0)
        return;
    slot.is_last = connected_ == 0;
    if (!slot.is_last) {
        has_changed_ = true;
        ready.leave_slot(member.slot);
    }
}

void Roster::set_connected(Member &member, bool is_connected, ReadyQueue &ready) {
    if (member.is_connected == is_connected)
        return;
    member.is_connected = is_connected;
    slots_[member.slot].connected += is_connected ? 1 : -1;
    connected_ += is_connected ? 1 : -1;
    if (is_connected)
        forget_last(ready);
}

void Roster::forget_last(ReadyQueue &ready) {
    for (std::size_t number = 0; number < filter_slots; ++number) {
        Slot &slot = slots_[number];
        if (!std::exchange(slot.is_last, false) || slot.members > 0)
            continue;
        has_changed_ = true;
        ready.leave_slot(number);
    }
}

void Roster::set_last_filters(std::span<const std::uint32_t> filters, ReadyQueue &ready) {
    if (!members_.empty())
        return;
    forget_last(ready);
    for (const std::uint32_t filter : filters.first(std::min(filters.size(), filter_slots)))
        slots_[slot_for(filter, ready)].is_last = true;
}

FilterBits Roster::live() const {
    FilterBits bits = 0;
    for (std::size_t number = 0; number < filter_slots; ++number)
        if (slots_[number].members > 0)
            bits |= FilterBits{1} << number;
    return bits;
}

std::vector<std::uint32_t> Roster::wanted() const {
    std::vector<std::uint32_t> filters;
    for (const Slot &slot : slots_)
        if (slot.is_used())
            filters.push_back(slot.filter);
    std::sort(filters.begin(), filters.end());
    return filters;
}

void Roster::queue_sleeper(Member &member) {
    if (std::exchange(member.is_queued, true))
        return;
    Sleepers &sleepers = slots_[member.slot].sleepers;
    sleepers.splice(sleepers.end(), others_, member.node);
}

void Roster::leave_sleepers(Member &member) {
    if (std::exchange(member.is_queued, false))
        others_.splice(others_.end(), slots_[member.slot].sleepers, member.node);
}

} // namespace webrocket::group_state
