// How much a group has and of whom, and which of what waits is the oldest.
#pragma once

#include "delivery/entry.h"
#include "delivery/flat_map.h"
#include "delivery/settings.h"
#include "delivery/types.h"

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

namespace webrocket::group_state {

struct Amount {
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;

    void add(std::uint32_t more_bytes) {
        ++events;
        bytes += more_bytes;
    }
    void subtract(std::uint32_t less_bytes) {
        --events;
        bytes -= less_bytes;
    }
    Amount operator-(const Amount &other) const {
        return {events - other.events, bytes - other.bytes};
    }
};

class Bounds {
  public:
    Bounds(EntryPool &pool, const DeliverySettings &settings) : pool_(pool), settings_(settings) {}

    // Places that are kept for events which are not here yet.
    void reserve(const DeliveryEvent &event);
    void give_back(const DeliveryEvent &event);

    // An event is here, with its bytes and its sender, until it leaves.
    void come(EntryIndex index, std::uint64_t sender);
    void leave(EntryIndex index);
    // In between it waits, or is in the hands of a member.
    void begin_waiting(EntryIndex index);
    void end_waiting(EntryIndex index);

    // More than it may have, with one event more.
    bool is_full_with(const DeliveryEvent &event) const;
    bool is_sender_over_with(const DeliveryEvent &event) const;
    // Likewise, if all that waits were gone.
    bool would_be_full_with(const DeliveryEvent &event) const;
    bool would_sender_be_over_with(const DeliveryEvent &event) const;

    // Of those that wait. `nothing` if none does.
    EntryIndex oldest() const;
    EntryIndex oldest_of(std::uint64_t sender) const;

    Amount all() const { return all_ - reserved_; }
    Amount waiting() const { return waiting_; }

    // In the order of age: what came back, and what is new in the order it came in.
    template <class Do>
    void each_waiting(Do &&act) const {
        for (const auto &[age, index] : others_)
            act(index);
        for (EntryIndex index = fresh_.first(); index != nothing;
             index = TimeLine::after(pool_, index))
            act(index);
    }

  private:
    struct Sender {
        std::uint64_t hash = 0;
        Amount all;
        Amount waiting;
        PeerLine fresh;
    };

    std::uint32_t sender_for(std::uint64_t hash);
    void leave_sender(std::uint32_t slot);
    const Sender *find(std::uint64_t hash) const;
    bool is_full(const DeliveryEvent &event, const Amount &there) const;
    bool is_over(const DeliveryEvent &event, const Amount &there) const;

    EntryPool &pool_;
    const DeliverySettings &settings_;
    Amount all_; // with what is reserved
    Amount reserved_;
    Amount waiting_;
    TimeLine fresh_;
    std::map<std::pair<std::int64_t, std::uint64_t>, EntryIndex> others_; // age, SEQ
    std::vector<Sender> senders_;
    std::vector<std::uint32_t> free_senders_;
    FlatMap sender_of_hash_;
    std::map<std::tuple<std::uint32_t, std::int64_t, std::uint64_t>, EntryIndex> others_of_;
};

} // namespace webrocket::group_state
