// A worker's place in a group, from the request for its stream until that stream has ended.
#pragma once

#include "groups/kept_event.h"
#include "store/stored_group.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace webrocket {

// Any thread rings: there may be something to claim, or the stream is to end.
class Doorbell {
  public:
    virtual ~Doorbell() = default;
    virtual void ring() = 0;
};

// What a stream is told once, and what holds for it until its end.
struct StreamTerms {
    std::string stream; // its name
    bool is_resumed = false;
    std::chrono::milliseconds ack_deadline{0};
    std::chrono::milliseconds lease{0};
    GroupOrder order = GroupOrder::none;
};

// What a stream is to send.
struct StreamDelivery {
    std::uint64_t sequence = 0;
    std::uint64_t tag = 0;
    std::uint32_t attempt = 1;
    KeptEventPtr event;   // null: it has to be read from the log, or it is a gap
    std::string gap = {}; // what is said of one; empty: it is none
    std::int64_t gap_time_ms = 0;
};

enum class StreamState {
    open,
    replaced, // by another one of the same name, which is told
    ended,    // the group is gone, or the same worker came back on another connection
};

struct Claimed {
    StreamState state = StreamState::open;
    std::vector<StreamDelivery> deliveries;
    bool may_have_more = false; // to be asked for: it is not rung for that
};

// Ends the stream's connection in the group when it is gone: then the lease begins to run.
class Membership {
  public:
    virtual ~Membership() = default;

    virtual const StreamTerms &terms() const = 0;
    // What ids begin with.
    virtual const std::string &epoch() const = 0;
    // Is rung from now on, once now.
    virtual void attach(std::shared_ptr<Doorbell> doorbell) = 0;
    // What the stream may send now, at most so many. Who is rung and cannot send asks for none, so
    // that others get it.
    virtual Claimed claim(std::size_t max) = 0;
    // Has those without an event read, and calls `done` on another thread. One that is nowhere any
    // more stays without.
    using Read = std::function<void(std::vector<StreamDelivery>)>;
    virtual void read(std::vector<StreamDelivery> deliveries, Read done) = 0;
};

enum class Admittance {
    member,
    other_order,      // than the group's, which has a member
    order_may_change, // likewise, but it has none
    too_many_members,
    too_many_filters,
    no_group, // any more
};

struct Admitted {
    Admittance outcome = Admittance::member;
    std::unique_ptr<Membership> membership = nullptr;
};

} // namespace webrocket
