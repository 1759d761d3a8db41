// A second delivery state, which is slow and obviously right: everything is in two vectors, and
// each question is answered by looking at all of it. It says who is to be handed what; whom to ring
// for it, it leaves to the other one.
#pragma once

#include "delivery/delivery_state.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket::test {

class DeliveryModel {
  public:
    DeliveryModel(const DeliverySettings &settings, const TopicMatcher &matcher, std::int64_t now)
        : settings_(settings), matcher_(matcher), now_(now), memberless_since_(now),
          progress_(now) {}

    void restore_event(const DeliveryEvent &event, const DeliveryTries &tries, std::int64_t now);
    void restore_gap(std::uint64_t sequence, const DeliveryGap &gap);
    void set_settings(const DeliverySettings &settings, std::int64_t now);
    bool set_order(bool is_ordered, const EventKeys &keys);
    void set_at_bound(bool is_at_bound) { is_at_bound_ = is_at_bound; }
    void set_last_filters(std::span<const std::uint32_t> filters);
    std::vector<std::uint32_t> wanted_filters() const;
    DeliveryVerdict judge(const DeliveryEvent &event, std::int64_t now) const;
    void reserve(const DeliveryEvent &event) { reserved_.push_back(event); }
    void give_place_back(const DeliveryEvent &event);
    void add(const DeliveryEvent &event, bool has_reserved, std::int64_t now);
    bool requeue(const DeliveryEvent &event, std::uint32_t attempt, std::int64_t now);
    void lose(std::uint64_t sequence, GapReason reason, std::int64_t now);
    void add_gap(const DeliveryGap &gap);
    void name_gap(std::uint64_t number, std::uint64_t sequence);
    Joined join(const JoinRequest &request, std::int64_t now);
    void disconnect(std::uint64_t stream, std::uint64_t connection, std::int64_t now);
    void claim(std::uint64_t stream, std::size_t max, std::vector<Delivery> &into,
               std::int64_t now);
    std::size_t acknowledge(std::uint64_t stream, std::uint64_t upto,
                            std::span<const std::uint64_t> ids, std::int64_t now);
    std::size_t give_back(std::uint64_t stream, std::span<const std::uint64_t> ids,
                          std::int64_t delay_ms, bool is_unhandled, std::int64_t now);
    std::size_t extend(std::uint64_t stream, std::span<const std::uint64_t> ids, std::int64_t now);
    void advance(std::int64_t now);
    // Exactly.
    std::int64_t next_deadline() const;
    DeliveryEffects take_effects();
    DeliveryFigures figures() const;
    std::vector<DeliveryMember> members() const;
    // The SEQs of what it could be handed now: one of them at a time.
    std::vector<std::uint64_t> claimable(std::uint64_t stream) const;

  private:
    enum class Where { waiting, delayed, held };
    struct Item {
        bool is_gap = false;
        DeliveryEvent event; // of a gap: its SEQ, 0 as long as it has none
        DeliveryGap gap;
        bool is_written = false; // of a gap: it is being written, or was
        Where where = Where::waiting;
        bool is_new = true;
        std::uint64_t arrival = 0;
        std::int64_t aged_from = 0;
        std::int64_t when = 0;
        std::uint32_t attempt = 1;
        std::uint32_t counted = 0;
        ReturnReason reason = ReturnReason::none;
        std::uint64_t stream = 0;
        std::uint64_t tag = 0;

        std::uint64_t seq() const { return event.sequence; }
        bool is_alone() const { return !is_gap && counted >= 2; }
        bool is_waiting_event() const { return !is_gap && where != Where::held; }
    };
    struct Worker {
        DeliveryMember told;
        std::uint64_t connection = 0;
        std::int64_t lease_ms = 0;
        std::int64_t ack_deadline_ms = 0;
        std::int64_t lease_until = 0;
        std::uint64_t last_tag = 0;
        std::uint64_t read_tag = 0; // of the last resume
        std::uint64_t resend_upto = 0;
        bool owes_turn = false;
    };

    void at(std::int64_t now) { now_ = std::max(now_, now); }
    Item make(const DeliveryEvent &event);
    Item *find(std::uint64_t sequence);
    Worker *worker(std::uint64_t stream);
    const Worker *worker(std::uint64_t stream) const;
    Worker *worker(std::string_view name);
    bool is_matched(const Item &item) const;
    bool is_free_by_key(const Item &item) const;
    static bool is_before(const Item &one, const Item &other);
    const Item *first(const Worker &worker, bool is_alone) const;
    const Item *first_gap() const;
    const Item *first_if_kept(const Worker &one) const;
    bool has_alone(std::uint64_t stream) const;
    const Item *choose(const Worker &worker) const;
    std::vector<const Item *> held(std::uint64_t stream) const;
    const Item *pending(const Worker &worker) const;
    bool refuses_nothing(std::int64_t now) const;
    std::size_t events_of(std::uint64_t sender, bool with_waiting) const;
    std::uint64_t bytes_of(std::uint64_t sender, bool with_waiting) const;
    bool is_full(const DeliveryEvent &event, bool with_waiting) const;
    bool is_sender_over(const DeliveryEvent &event, bool with_waiting) const;
    const Item *oldest(std::uint64_t sender) const;
    void remove(std::uint64_t sequence);
    void lose_item(std::uint64_t sequence, GapReason reason);
    void settled(const Item &item);
    void release(Item &item);
    void come_back(std::uint64_t sequence, ReturnReason reason, std::int64_t delay_ms);
    void all_come_back(std::uint64_t stream, ReturnReason first, ReturnReason others);
    void send(Worker &worker, Item &item, std::vector<Delivery> &into);
    void leave_filter(std::uint32_t filter);
    void resume(Worker &worker, const JoinRequest &request);
    void take_back_unread(Worker &worker);
    void end();

    DeliverySettings settings_;
    const TopicMatcher &matcher_;
    std::int64_t now_;
    std::int64_t memberless_since_;
    std::int64_t progress_;
    bool is_at_bound_ = false;
    std::vector<DeliveryEvent> reserved_;
    std::vector<Item> items_;
    std::vector<Worker> workers_; // by name
    std::vector<std::uint32_t> last_filters_;
    std::uint64_t keeper_ = 0; // a stream
    std::uint64_t arrivals_ = 0;
    std::uint64_t gap_numbers_ = 0;
    std::uint64_t streams_ = 0;
    std::int64_t last_aged_from_ = INT64_MIN;
    DeliveryEffects effects_;
    DeliveryFigures counts_;
};

} // namespace webrocket::test
