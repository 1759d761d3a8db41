// A member of a group, its stream, and what it holds.
#pragma once

#include "delivery/entry.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

namespace webrocket::group_state {

struct Member;
using Sleepers = std::list<Member *>;

struct Member {
    std::string name;
    std::uint32_t number = 0; // a place among the members
    std::size_t slot = 0;     // of its filter
    std::uint64_t stream = 0;
    std::uint64_t connection = 0;
    std::uint32_t window = 0;
    bool is_connected = false;
    bool is_asleep = false; // got all there was for it, waits to be rung
    bool is_queued = false; // among those of its filter that can be rung for what is new
    bool owes_turn = false; // had what is handed out alone; its next turn is for the others
    std::int64_t lease_ms = 0;
    std::int64_t ack_deadline_ms = 0;
    std::int64_t lease_until = 0; // while it is not connected

    Line by_tag;
    TimeLine by_deadline;
    std::uint64_t held = 0;  // gaps included
    std::uint64_t alone = 0; // of these: handed out alone
    std::uint64_t last_tag = 0;
    // Sent before the connection broke, not read, to be sent again: from this one up to that tag.
    EntryIndex resend = nothing;
    std::uint64_t resend_upto = 0;

    Sleepers::iterator node; // in the list of the filter's sleepers, or of all others
};

} // namespace webrocket::group_state
