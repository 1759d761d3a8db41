// The state itself. Its functions are in the files state_*.cpp, by what they are about.
#pragma once

#include "delivery/bounds.h"
#include "delivery/delivery_state.h"
#include "delivery/gaps.h"
#include "delivery/keys.h"
#include "delivery/roster.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace webrocket {

using namespace group_state;

class DeliveryState::Parts {
  public:
    Parts(const DeliverySettings &settings, const TopicMatcher &matcher, std::int64_t now)
        : settings_(settings), ready_(pool_, matcher), bounds_(pool_, settings_), keys_(pool_),
          gaps_(pool_), now_(now), memberless_since_(now), progress_(now) {}

    // state_events.cpp: how events come and go
    void restore_event(const DeliveryEvent &event, const DeliveryTries &tries);
    void restore_gap(std::uint64_t sequence, const DeliveryGap &gap);
    void set_settings(const DeliverySettings &settings);
    bool set_order(bool is_ordered, const EventKeys &keys);
    DeliveryVerdict judge(const DeliveryEvent &event, std::int64_t now) const;
    void add(const DeliveryEvent &event);
    bool requeue(const DeliveryEvent &event, std::uint32_t attempt);
    void lose(std::uint64_t sequence, GapReason reason);
    void add_gap(const DeliveryGap &gap);
    void name_gap(std::uint64_t number, std::uint64_t sequence);

    // state_members.cpp
    Joined join(const JoinRequest &request);
    void disconnect(std::uint64_t stream, std::uint64_t connection);
    void set_last_filters(std::span<const std::uint32_t> filters);

    // state_claims.cpp
    void claim(std::uint64_t stream, std::size_t max, std::vector<Delivery> &into);

    // state_returns.cpp: what members say, or fail to
    std::size_t acknowledge(std::uint64_t stream, std::uint64_t upto,
                            std::span<const std::uint64_t> ids);
    std::size_t give_back(std::uint64_t stream, std::span<const std::uint64_t> ids,
                          std::int64_t delay_ms, bool is_unhandled);
    std::size_t extend(std::uint64_t stream, std::span<const std::uint64_t> ids);
    void advance();

    void take_effects(DeliveryEffects &into, bool with_gaps);
    DeliveryFigures figures() const;
    std::vector<DeliveryMember> members() const;
    void set_time(std::int64_t now) { now_ = std::max(now_, now); }
    // After each call: whoever can be rung is, and somebody is kept free for what needs that.
    void finish();

    DeliverySettings settings_;
    bool is_at_bound_ = false;
    EntryPool pool_;
    FlatMap by_sequence_;
    ReadyQueue ready_;
    Bounds bounds_;
    Keys keys_;
    Gaps gaps_;
    Roster roster_;
    std::map<std::pair<std::int64_t, std::uint64_t>, EntryIndex> delayed_; // end, SEQ
    DeliveryEffects effects_;
    DeliveryFigures counts_; // what is counted since the start
    std::int64_t now_;
    std::int64_t memberless_since_;
    std::int64_t next_due_ = INT64_MAX; // not later than anything that advance() has to do

  private:
    static Lane lane_of(const Entry &entry) {
        return entry.counted >= delivery_limits::tries_in_company ? Lane::alone : Lane::common;
    }
    bool has_key(const Entry &entry) const {
        return entry.key != nothing && ready_.is_matched(entry.topic);
    }
    void due(std::int64_t time) { next_due_ = std::min(next_due_, time); }

    // state_events.cpp
    EntryIndex make(const DeliveryEvent &event);
    void make_room_for(const DeliveryEvent &event);
    void lose_waiting(EntryIndex index, GapReason reason);
    bool refuses_nothing(std::int64_t now) const;
    void settle(EntryIndex index);
    void forget(EntryIndex index);
    void tell_loss(const DeliveryGap &loss);

    // state_queue.cpp: what waits
    void begin_waiting(EntryIndex index, std::int64_t until);
    void end_waiting(EntryIndex index);
    void become_ready(EntryIndex index);
    void put(EntryIndex index);
    void take(EntryIndex index);
    void pass_on_key(std::uint32_t key);
    void leave_key(EntryIndex index);
    void requeue_all();
    void filters_changed();
    void end_delays();
    void end_ages();

    // state_members.cpp
    Joined joined(const Member &member, bool is_resumed) const;
    void resume(Member &member, const JoinRequest &request);
    void replace(Member &member, const JoinRequest &request);
    void change_filter(Member &member, std::uint32_t filter);
    void take_back_unread(Member &member);
    void end_lease(Member &member);
    void end_leases();

    // state_claims.cpp
    bool can_take(const Member &member) const;
    bool has_common(const Member &member) const;
    EntryIndex choose(const Member &member) const;
    void hand_out(Member &member, EntryIndex index, std::vector<Delivery> &into);
    void send_again(Member &member, std::vector<Delivery> &into);
    void deliver(Member &member, EntryIndex index, std::vector<Delivery> &into);
    void announce(FilterBits bits);
    void ring_for_rest();
    void ring(Member &member);
    void consider(Member &member);
    void let_go(const Member &member);
    Member *best_keeper();
    void choose_keeper();

    // state_returns.cpp
    EntryIndex held_by(const Member &member, std::uint64_t sequence) const;
    void drop_hold(Member &member, EntryIndex index);
    void come_back(Member &member, EntryIndex index, ReturnReason reason, std::int64_t delay_ms);
    std::int64_t delay_max() const;
    bool is_dead(Entry &entry, ReturnReason reason);
    void gap_comes_back(EntryIndex index, std::int64_t delay_ms);
    void acknowledge_one(Member &member, EntryIndex index);
    void all_come_back(Member &member, ReturnReason first, ReturnReason others);
    void end_deadlines();
    void find_next_due();

    std::uint64_t last_arrival_ = 0;
    std::uint64_t delayed_gaps_ = 0; // of those in delayed_
    std::int64_t last_aged_from_ = INT64_MIN;
    std::int64_t progress_;    // of members: the last one, or since when there is something to do
    Member *keeper_ = nullptr; // is kept free for what is handed out alone, or has it
    bool is_keeper_due_ = false;
};

} // namespace webrocket
