// What a group has of its events beside their state: their keys, and those that are young
// themselves, so that a member that keeps up has nothing read from the disk.
#pragma once

#include "groups/kept_event.h"
#include "store/stored_group.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace webrocket {

// With the group's lock. A cookie is what an event is known by here, from add() to release().
class EventSlots {
  public:
    static constexpr std::size_t bytes_max = std::size_t{4} << 20;
    // Of all groups together; where there is more, each keeps a little.
    static constexpr std::size_t bytes_in_all_max = std::size_t{64} << 20;
    static constexpr std::size_t bytes_of_each_min = std::size_t{64} << 10;

    EventSlots() = default;
    ~EventSlots();
    EventSlots(const EventSlots &) = delete;
    EventSlots &operator=(const EventSlots &) = delete;

    std::uint64_t add(const EventKeyHashes &keys, KeptEventPtr event, bool is_only_copy);
    void release(std::uint64_t cookie);

    // Null where it has to be read.
    const KeptEventPtr &event(std::uint64_t cookie) const { return slots_[index_of(cookie)].event; }
    std::uint64_t key(std::uint64_t cookie, GroupOrder order) const {
        return slots_[index_of(cookie)].keys.of(order);
    }
    // Of those that are nowhere else.
    std::size_t only_copy_bytes() const { return only_copy_bytes_; }

  private:
    static constexpr std::uint32_t none = 0xffffffff;

    // Those with an event are in a list, the oldest first.
    struct Slot {
        EventKeyHashes keys;
        KeptEventPtr event;
        std::uint32_t older = none;
        std::uint32_t younger = none; // of a free one: the next that is free
        bool is_only_copy = false;
    };

    static std::size_t index_of(std::uint64_t cookie) {
        return static_cast<std::size_t>(cookie - 1);
    }
    bool are_too_large() const;
    void append_to_list(std::uint32_t index);
    void take_from_list(std::uint32_t index);
    void drop_event(std::uint32_t index);

    std::vector<Slot> slots_;
    std::uint32_t free_ = none;
    std::uint32_t oldest_ = none;
    std::uint32_t youngest_ = none;
    std::size_t bytes_ = 0;
    std::size_t only_copy_bytes_ = 0;
};

} // namespace webrocket
