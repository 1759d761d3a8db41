// What goes into the state of a reliable group, and what comes out of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace webrocket {

// An event that the group wants. Hashes are the caller's, keyed with a secret.
struct DeliveryEvent {
    std::uint64_t sequence = 0; // SEQ, never 0
    std::uint32_t bytes = 0;    // what it takes of the group's bound
    std::uint32_t topic = 0;    // the caller's number for it, small; see DeliverySettled::topic
    std::int64_t time_ms = 0;   // when it was stored: its age counts from here
    std::uint64_t key = 0;      // of what the group's order goes by. 0: none
    std::uint64_t sender = 0;   // of the uid, else of the address. 0: nobody, bound to no tenth
    std::uint64_t cookie = 0;   // the caller's own: comes back with what happens to the event
};

enum class GapReason : std::uint8_t { overflow, expired, reset, restart };

// Why an event came back. Only those after `unhandled` count towards max_deliver.
enum class ReturnReason : std::uint8_t {
    none,        // it never did
    unhandled,   // without blame: `unhandled`, a replaced live stream, behind one that was overdue
    nack,        // given back
    deadline,    // the stream's lowest unsettled tag was overdue
    worker_lost, // its lease ended, or it came back with a new stream after a broken one
};

// How often an event was tried: restored from the log at the start.
struct DeliveryTries {
    std::uint32_t attempt = 1; // which the next one is
    std::uint32_t counted = 0; // of those before it, how many count towards max_deliver
    ReturnReason reason = ReturnReason::none; // of the last one that counted
    std::int64_t aged_from_ms = 0; // its age counts from here; 0: from DeliveryEvent::time_ms
    std::int64_t ready_ms = 0;     // given back for later: until then
    bool operator==(const DeliveryTries &) const = default;
};

// What is handed out to a stream: an event or a gap.
struct Delivery {
    std::uint64_t sequence = 0;
    std::uint64_t tag = 0;
    std::uint64_t cookie = 0;  // of an event
    std::uint32_t attempt = 0; // of an event: 1 the first time. 0: it is a gap
    std::uint32_t topic = 0;   // of an event
    // Of a gap. `from` 0: no lost event had a SEQ; what is told then is the gap's own.
    GapReason reason = GapReason::overflow;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::optional<std::uint64_t> count; // none: unknown

    bool is_gap() const { return attempt == 0; }
    bool operator==(const Delivery &) const = default;
};

// May an event come in?
enum class DeliveryVerdict : std::uint8_t {
    taken,         // perhaps in the place of older ones: add() sees to that
    dropped,       // the group refuses nothing now, but nothing else can go (all is in the hands of
                   // members): the event itself is lost. Not refused; tell it by lose()
    full,          // 503
    sender_is_over // 429
};

// A gap to be written. It is handed out once name_gap() has told its SEQ. `number` is for that.
struct DeliveryGap {
    std::uint64_t number = 0;
    GapReason reason = GapReason::overflow;
    std::uint64_t from = 0; // as in Delivery
    std::uint64_t to = 0;
    std::optional<std::uint64_t> count;
    std::int64_t time_ms = 0;
    bool operator==(const DeliveryGap &) const = default;
};

// The group is done with it: acknowledged, lost (a gap tells that), or a gap that became part of a
// newer one.
struct DeliverySettled {
    std::uint64_t sequence = 0;
    std::uint64_t cookie = 0;
    std::uint32_t topic = 0; // once no event has a topic's number any more, it may be another's
    bool is_gap = false;
    bool operator==(const DeliverySettled &) const = default;
};

// It was given out and came back.
struct DeliveryAttempt {
    std::uint64_t sequence = 0;
    DeliveryTries tries;
};

// Not among the settled: first its row, then the record that settles it.
struct DeliveryDeadLetter {
    std::uint64_t sequence = 0;
    std::uint64_t cookie = 0;
    std::uint32_t topic = 0;
    std::uint32_t attempt = 0; // the last one
    ReturnReason reason = ReturnReason::none;
};

enum class StreamEnd : std::uint8_t {
    replaced,   // a second stream under its name while it was connected: `:replaced` is owed
    superseded, // likewise while it was broken: nobody is there to be told
    resumed,    // the stream goes on, over a newer connection: this one is closed without a word
    lease_over
};

struct DeliveryEnd {
    std::uint64_t stream = 0;
    std::uint64_t connection = 0;
    StreamEnd how = StreamEnd::lease_over;
    bool operator==(const DeliveryEnd &) const = default;
};

// What has to be written to the log, or told to somebody, in the order it happened.
struct DeliveryEffects {
    std::vector<DeliverySettled> settled;
    std::vector<DeliveryAttempt> attempts; // of one event perhaps several: the last holds
    std::vector<DeliveryDeadLetter> dead_letters;
    std::vector<DeliveryGap> gaps;
    std::vector<DeliveryEnd> ended;
    std::vector<std::uint64_t> ring;   // streams that now have something to claim
    bool have_filters_changed = false; // wanted_filters() says something else than before

    bool empty() const {
        return settled.empty() && attempts.empty() && dead_letters.empty() && gaps.empty() &&
               ended.empty() && ring.empty() && !have_filters_changed;
    }
    void clear() {
        settled.clear();
        attempts.clear();
        dead_letters.clear();
        gaps.clear();
        ended.clear();
        ring.clear();
        have_filters_changed = false;
    }
};

// Events, not gaps, where nothing else is said.
struct DeliveryFigures {
    std::uint64_t events = 0;         // not settled: the lag
    std::uint64_t bytes = 0;          // of these
    std::uint64_t unacknowledged = 0; // of these: a member has them
    std::uint64_t delayed = 0;        // of these: given back for later
    std::uint64_t unmatched = 0;      // of these: waiting, and no member's filter matches
    std::uint64_t gaps = 0;           // not settled
    // From when on the age of the oldest counts, of those that wait and of each stream's lowest
    // tag. 0: none.
    std::int64_t oldest_ms = 0;
    std::uint64_t members = 0;
    std::uint64_t connected = 0; // of these
    // Since this state was made:
    std::uint64_t added = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t redelivered = 0; // handed out as attempt 2 or more
    std::uint64_t lost = 0;        // told by gaps
    std::uint64_t dead_letters = 0;

    bool operator==(const DeliveryFigures &) const = default;
};

} // namespace webrocket
