// A reliable group: its members share its events, and each event is theirs until one of them has
// acknowledged it.
#pragma once

#include "store/stored_group.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// `EPOCH-SEQ`
struct EventId {
    std::string epoch;
    std::uint64_t sequence = 0;

    static std::optional<EventId> parse(std::string_view text);
    std::string text() const;
};

// What the Admin API and /metrics show of a group.
struct GroupFigures {
    std::uint64_t lag = 0;            // events that are kept and not acknowledged
    std::uint64_t bytes = 0;          // of these
    std::uint64_t unacknowledged = 0; // of these: a member has them
    std::uint64_t delayed = 0;        // of these: given back for later
    std::uint64_t unmatched = 0;      // of these: no member's filter matches
    std::uint64_t dead_letters = 0;
    std::uint64_t kept = 0; // since the broker's start, like what follows
    std::uint64_t acknowledged = 0;
    std::uint64_t redelivered = 0;
    std::uint64_t refused = 0;
    std::uint64_t lost = 0;     // told by a gap
    std::int64_t oldest_ms = 0; // age of the oldest; 0: there is none
};

struct GroupMember {
    std::string name;
    std::string stream;
    std::string filter;
    std::size_t window = 0;
    std::uint64_t unacknowledged = 0;
    bool connected = false;
};

// Any thread may use it.
class Group {
  public:
    virtual ~Group() = default;

    virtual std::uint32_t number() const = 0;
    virtual const std::string &vhost() const = 0;
    virtual const std::string &name() const = 0;
    // In force, the filter that a `PUT` gave included.
    virtual GroupSettings settings() const = 0;
    virtual GroupFigures figures() const = 0;
    virtual std::vector<GroupMember> members() const = 0;

    // Of a member's stream. Each returns how many of the named are not that stream's any more.
    virtual std::size_t acknowledge(std::string_view stream, std::uint64_t up_to_tag,
                                    const std::vector<EventId> &ids) = 0;
    virtual std::size_t give_back(std::string_view stream, const std::vector<EventId> &ids,
                                  std::chrono::milliseconds delay, bool unhandled) = 0;
    virtual std::size_t extend(std::string_view stream, const std::vector<EventId> &ids) = 0;

    // On the thread `storage`: it is kept anew, under its old id, with a higher attempt. Its row is
    // removed after that, by its place, so that one which dies again meanwhile stays. False where
    // it could not be written: the row stays. True where it is kept already.
    virtual bool requeue(const StoredDeadLetter &letter) = 0;
    // Of rows that were deleted, or requeued, so that the figure holds.
    virtual void forget_dead_letters(std::uint64_t count) = 0;
};

} // namespace webrocket
