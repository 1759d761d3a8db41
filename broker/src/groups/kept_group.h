// A group with all that belongs to it: its state, its lock, the streams of its members, and what
// has to be written because of what happened.
#pragma once

#include "delivery/delivery_state.h"
#include "event_log/event_log.h"
#include "groups/event_slots.h"
#include "groups/group.h"
#include "groups/group_owner.h"
#include "groups/member_request.h"
#include "groups/membership.h"
#include "groups/topic_book.h"
#include "groups/unwritten.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace webrocket {

// Any thread. Its lock is held for one call of its state; streams are rung with it, and nothing
// else is taken.
class KeptGroup final : public Group,
                        private EventKeys,
                        public std::enable_shared_from_this<KeptGroup> {
  public:
    KeptGroup(StoredGroup stored, std::uint64_t dead_letters, GroupOwner &owner);
    ~KeptGroup() override;

    std::uint32_t number() const override { return stored_.number; }
    const std::string &vhost() const override { return stored_.vhost; }
    const std::string &name() const override { return stored_.name; }
    GroupSettings settings() const override;
    GroupFigures figures() const override;
    std::vector<GroupMember> members() const override;
    std::size_t acknowledge(std::string_view stream, std::uint64_t up_to_tag,
                            const std::vector<EventId> &ids) override;
    std::size_t give_back(std::string_view stream, const std::vector<EventId> &ids,
                          std::chrono::milliseconds delay, bool unhandled) override;
    std::size_t extend(std::string_view stream, const std::vector<EventId> &ids) override;
    bool requeue(const StoredDeadLetter &letter) override;
    void forget_dead_letters(std::uint64_t count) override;

    // At the start, in the order of the log.
    void restore(const LogEvent &event, const DeliveryTries &tries);
    void restore(const LogGap &gap);
    // What the log could not tell: it may have lost some, or nobody knows who is still there.
    void tell_of_start(const LogStart &start);

    // Its row is written.
    void set(const GroupSettings &settings);
    void end();
    bool is_ended() const { return is_ended_.load(std::memory_order_relaxed); }
    // What it wants without a member.
    std::vector<std::string> last_filters() const;

    // Of an event that the group wants: first its place, then, once the log has it, the event.
    DeliveryVerdict reserve(const KeptEvent &event);
    void give_place_back(const KeptEvent &event);
    enum class Copy { in_log, only_here };
    void add(const KeptEventPtr &event, std::uint64_t sequence, Copy copy);
    // SEQ 0: it has none.
    void lose(std::uint64_t sequence);
    // Whether there is room for one of which the log has no copy.
    bool has_room_for_only_copy() const;
    void note_refused() { refused_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
    void set_at_bound(bool is_at_bound);

    Admitted join(const MemberRequest &request);
    std::vector<TopicFilter> wanted() const;
    std::int64_t memberless_since_ms() const;

    // Deadlines are over.
    void advance();
    void write_effects();
    // What could not be written before is tried again.
    void write_again();
    // It has its row, or has none yet.
    void settle_dead_letter(const DeadLetterToStore &letter);
    void return_dead_letter(DeadLetterToStore letter);
    // It is nowhere any more.
    void settle_lost_letter(const DeadLetterToStore &letter);
    std::uint64_t bytes() const;
    std::uint64_t dead_letters() const { return dead_letters_.load(std::memory_order_relaxed); }

  private:
    class Place;
    friend class Place;
    // One connection of a stream.
    struct Line {
        StreamState state = StreamState::open;
        std::shared_ptr<Doorbell> bell;
    };
    using LineKey = std::pair<std::uint64_t, std::uint64_t>; // a stream and its connection

    std::uint64_t key_of(std::uint64_t sequence, std::uint64_t cookie) const override;
    static DeliverySettings delivery_settings(const GroupSettings &settings);
    void set_last_filters();
    bool set_order(GroupOrder order);
    DeliveryEvent delivery_event(const KeptEvent &event) const;

    // Has `change` done with the lock, and what follows from it.
    template <typename Change>
    auto with_state(const Change &change);
    void follow();
    void end_line(const DeliveryEnd &end);
    void ring(std::uint64_t stream);
    void take_settled(const DeliverySettled &settled);
    void take_dead_letter(const DeliveryDeadLetter &letter);
    std::vector<std::uint64_t> sequences_of(const std::vector<EventId> &ids) const;
    std::uint64_t stream_called(std::string_view name) const;
    JoinRequest join_request(const MemberRequest &request);
    std::unique_ptr<Membership> place_of(const Joined &joined);
    void settle_letter(const DeadLetterToStore &letter);
    void take_gaps(std::vector<DeliveryGap> &gaps);
    void write_gaps(std::vector<DeliveryGap> gaps);
    void append_settled_and_attempts(const Unwritten &work);

    // Of a member's stream.
    void attach(const LineKey &key, std::shared_ptr<Doorbell> bell);
    Claimed claim(const LineKey &key, std::size_t max);
    void disconnect(const LineKey &key);
    StreamDelivery stream_delivery(const Delivery &delivery) const;
    std::string gap_text(const Delivery &delivery) const;

    const StoredGroup stored_; // but for its settings and filters
    GroupOwner &owner_;
    std::atomic<bool> is_ended_ = false;
    std::atomic<std::uint64_t> refused_ = 0;
    std::atomic<std::uint64_t> dead_letters_;
    std::atomic<bool> is_writing_asked_ = false;
    std::atomic<std::int64_t> wakes_at_ = std::numeric_limits<std::int64_t>::max();

    mutable std::mutex mutex_;
    GroupSettings settings_;
    std::vector<std::string> last_filters_;
    TopicBook topics_;
    EventSlots slots_;
    DeliveryState state_;
    std::map<LineKey, Line> lines_;
    std::map<std::string, std::uint64_t, std::less<>> streams_; // by name
    std::unordered_map<std::uint64_t, std::string> names_;      // of streams
    DeliveryEffects effects_;                                   // of the call of the moment
    Unwritten unwritten_;
};

} // namespace webrocket
