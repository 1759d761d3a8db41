// The members of a group, their filters, and who of them sleeps.
#pragma once

#include "delivery/delivery_state.h"
#include "delivery/member.h"
#include "delivery/ready_queue.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace webrocket::group_state {

class Roster {
  public:
    Member *find(std::string_view name) const;
    Member *find(std::uint64_t stream) const;
    std::size_t size() const { return members_.size(); }
    std::size_t connected() const { return connected_; }
    template <class Do>
    void each(Do &&act) const {
        for (const auto &[name, member] : members_)
            act(*member);
    }

    // Whether a member, who may be here already, can come with that filter.
    JoinObstacle obstacle(const Member *member, std::uint32_t filter) const;
    Member &add(std::string_view name);
    void remove(Member &member); // holds nothing
    // A new name for its stream.
    void begin_stream(Member &member);

    // Has it count for that filter; the first one of a filter sets has_new_filter(). The slot that
    // it had is left.
    void set_filter(Member &member, std::uint32_t filter, ReadyQueue &ready);
    void leave_filter(Member &member, ReadyQueue &ready);
    void set_connected(Member &member, bool is_connected, ReadyQueue &ready);
    void set_last_filters(std::span<const std::uint32_t> filters, ReadyQueue &ready);
    std::uint32_t filter_of(const Member &member) const { return slots_[member.slot].filter; }
    std::size_t connected_with(std::size_t slot) const { return slots_[slot].connected; }
    // Slots with members.
    FilterBits live() const;
    std::vector<std::uint32_t> wanted() const;
    // Whether topics have to be matched anew; asked once.
    bool take_new_filter() { return std::exchange(has_new_filter_, false); }
    bool take_change() { return std::exchange(has_changed_, false); }

    // Sleepers that can be rung for something new, the one that slept longest first.
    void queue_sleeper(Member &member);
    void leave_sleepers(Member &member);
    Member *first_sleeper(std::size_t slot) const {
        return slots_[slot].sleepers.empty() ? nullptr : slots_[slot].sleepers.front();
    }

  private:
    struct Slot {
        std::uint32_t filter = 0;
        std::size_t members = 0;
        std::size_t connected = 0;
        bool is_last = false; // of a member that ended when none was connected
        Sleepers sleepers;

        bool is_used() const { return members > 0 || is_last; }
    };

    std::size_t slot_for(std::uint32_t filter, ReadyQueue &ready);
    void forget_last(ReadyQueue &ready);

    std::map<std::string, std::unique_ptr<Member>, std::less<>> members_;
    std::unordered_map<std::uint64_t, Member *> by_stream_;
    std::vector<std::uint32_t> free_numbers_;
    std::uint32_t numbers_ = 0;
    std::uint64_t last_stream_ = 0;
    std::size_t connected_ = 0;
    std::array<Slot, filter_slots> slots_;
    Sleepers others_; // nodes of those that are in no slot's list
    bool has_new_filter_ = false;
    bool has_changed_ = false;
};

} // namespace webrocket::group_state
