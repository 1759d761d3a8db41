// What one reliable group knows: what is ready, who has what, until when, how often it was tried.
//
// Pure: it does no I/O, has no clock, no thread and no lock. Whoever has it (groups/) locks it,
// passes the time, and carries out its effects, which take_effects() hands over after each call, or
// after several:
//   * `settled`, `attempts` and `gaps` are written to the log, in one piece; then each gap is given
//     the SEQ that it got there, by name_gap();
//   * `dead_letters`: first the row, then the record that settles it;
//   * `ring`: each of these streams calls claim() soon, or it may wait for ever.
// Times are milliseconds of one clock, that of DeliveryEvent::time_ms (since 1970). One that goes
// back is taken for one that stands still.
//
// Who may have what: an event goes to one member at a time, one whose filter matches its topic.
// First gaps, then what came back, by SEQ, then what is new, in the order it was added. What was
// tried twice is handed out only to a member that holds nothing else; for that one member is kept
// free.
//
// In n events each call costs O(log n) for each event that it changes. A filter that no member had
// before, and the end of one in a group with an order, cost O(n).
#pragma once

#include "delivery/settings.h"
#include "delivery/types.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// Filters and topics are the caller's numbers: equal texts, equal numbers. A topic's answers are
// asked for once, and again after it had no event for a while; a filter's, when a member comes with
// it that no other has.
class TopicMatcher {
  public:
    virtual bool matches(std::uint32_t filter, std::uint32_t topic) const = 0;

  protected:
    ~TopicMatcher() = default;
};

// The key of an event that is here, for another order than the one it came with.
class EventKeys {
  public:
    virtual std::uint64_t key_of(std::uint64_t sequence, std::uint64_t cookie) const = 0;

  protected:
    ~EventKeys() = default;
};

struct JoinRequest {
    std::string_view name;
    std::uint32_t filter = 0;
    std::uint32_t window = 256;
    // Of the stream that is to go on, and the last tag that was read on it. 0: a new one.
    std::uint64_t stream = 0;
    std::uint64_t tag = 0;
};

enum class JoinObstacle : std::uint8_t { none, too_many_members, too_many_filters };

struct Joined {
    JoinObstacle obstacle = JoinObstacle::none;
    bool is_resumed = false;
    std::uint64_t stream = 0;     // of this state; never 0, never used again by it
    std::uint64_t connection = 0; // of this stream: 1, then 2 when it was resumed, …
    std::int64_t lease_ms = 0;    // as they hold for this stream
    std::int64_t ack_deadline_ms = 0;
};

struct DeliveryMember {
    std::string name;
    std::uint64_t stream = 0;
    std::uint32_t filter = 0;
    std::uint32_t window = 0;
    std::uint64_t unacknowledged = 0; // gaps included
    bool is_connected = false;
};

class DeliveryState {
  public:
    // Empty, without a member since `now`.
    DeliveryState(const DeliverySettings &settings, const TopicMatcher &matcher, std::int64_t now);
    ~DeliveryState();
    DeliveryState(const DeliveryState &) = delete;
    DeliveryState &operator=(const DeliveryState &) = delete;

    // At the start, before anything else, in the order of SEQ: what the log has. Nothing is judged
    // and nothing is an effect. Of two with one SEQ the first stays.
    void restore_event(const DeliveryEvent &event, const DeliveryTries &tries, std::int64_t now);
    void restore_gap(std::uint64_t sequence, const DeliveryGap &gap);

    const DeliverySettings &settings() const;
    // All but the order, at once, but for lease and deadline of streams that are there.
    void set_settings(const DeliverySettings &settings, std::int64_t now);
    // Only while there is no member: else false, and nothing changes. Each event is asked for.
    bool set_order(bool is_ordered, const EventKeys &keys);
    // The vhost holds too much, or the disk is nearly full: as if the group were at its bounds.
    void set_at_bound(bool is_at_bound);
    // While there is no member: what the group wants. Until one is connected.
    void set_last_filters(std::span<const std::uint32_t> filters);
    // What the group wants: the filters of its members, connected or within their lease; and of
    // those that ended last, as long as none is connected. Each once, the smallest first.
    std::vector<std::uint32_t> wanted_filters() const;

    // Whether it may come in, without any effect.
    DeliveryVerdict judge(const DeliveryEvent &event, std::int64_t now) const;
    // The same, and where it is `taken` its place is kept, so that what is judged before others are
    // added sees them: until add(), or give_place_back() where it was not kept after all.
    DeliveryVerdict reserve(const DeliveryEvent &event, std::int64_t now);
    void give_place_back(const DeliveryEvent &event);
    // Comes in, whatever the bounds say now: the log has it. (Where older ones have to go and there
    // are none, it is lost itself, with a gap, as `settled`.)
    void add(const DeliveryEvent &event, bool has_reserved, std::int64_t now);
    // A dead letter that is tried again, under its old SEQ; `attempt` is the one it had last.
    // False if that SEQ is here. Bounds are not asked. Age and count begin anew.
    bool requeue(const DeliveryEvent &event, std::uint32_t attempt, std::int64_t now);
    // An event that the group wanted and that did not come in: a gap tells it. SEQ 0: it has none.
    void lose(std::uint64_t sequence, GapReason reason, std::int64_t now);
    // A gap of the caller's: `reset`, or `restart` (count 0, from and to 0).
    void add_gap(const DeliveryGap &gap);
    // The log has it, under that SEQ. Once for each of the effects `gaps`.
    void name_gap(std::uint64_t number, std::uint64_t sequence);

    Joined join(const JoinRequest &request, std::int64_t now);
    // The connection is gone: the lease begins. Nothing happens if it is not the stream's last one.
    void disconnect(std::uint64_t stream, std::uint64_t connection, std::int64_t now);
    // What the stream is to be sent now, at most `max`, appended to `into`. Fewer: it is rung when
    // there is more. As many: it should ask again as soon as it can. One that was rung and cannot
    // send asks with 0: another is rung then, and it asks again when it can.
    void claim(std::uint64_t stream, std::size_t max, std::vector<Delivery> &into,
               std::int64_t now);

    // Each returns how many of what was named is not the stream's any more; of a stream that is
    // none, `upto` counts as one. `ids` are SEQs; 0 stands for what cannot be one of these.
    std::size_t acknowledge(std::uint64_t stream, std::uint64_t upto,
                            std::span<const std::uint64_t> ids, std::int64_t now);
    std::size_t give_back(std::uint64_t stream, std::span<const std::uint64_t> ids,
                          std::int64_t delay_ms, bool is_unhandled, std::int64_t now);
    std::size_t extend(std::uint64_t stream, std::span<const std::uint64_t> ids, std::int64_t now);

    // Deadlines, leases, delays and ages that are over.
    void advance(std::int64_t now);
    // When it is to be called next: not later than something happens, perhaps earlier. The largest
    // number: never.
    std::int64_t next_deadline() const;

    enum class GapEffects : std::uint8_t { taken, left };
    // Adds to what `into` has. Gaps that are left grow with what is lost meanwhile, and are one gap
    // for each reason: for who cannot write them now.
    void take_effects(DeliveryEffects &into, GapEffects gaps = GapEffects::taken);
    bool has_effects() const;

    DeliveryFigures figures() const;
    // By name.
    std::vector<DeliveryMember> members() const;
    bool has_members() const;
    bool knows_stream(std::uint64_t stream) const;
    // Since when there is none; the largest number: there is one.
    std::int64_t memberless_since_ms() const;

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace webrocket
