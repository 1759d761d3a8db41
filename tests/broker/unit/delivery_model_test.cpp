// The delivery state beside its model: random steps, and after each of them the same answers, the
// same deliveries, effects and figures, and nobody who sleeps beside what only sleepers may have.
// DELIVERY_MODEL_SEEDS, DELIVERY_MODEL_STEPS and DELIVERY_MODEL_FIRST say how many and which.
#include "delivery_model.h"

#include <cstdlib>
#include <deque>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <tuple>

namespace {

using namespace webrocket;
using test::DeliveryModel;

std::uint64_t number_from(const char *name, std::uint64_t otherwise) {
    const char *text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Topics final : public TopicMatcher, public EventKeys {
  public:
    bool matches(std::uint32_t filter, std::uint32_t topic) const override {
        return wanted[filter % wanted.size()] >> topic % 8 & 1U;
    }
    std::uint64_t key_of(std::uint64_t sequence, std::uint64_t) const override {
        return (sequence * 7 + salt) % 4;
    }
    std::vector<unsigned> wanted;
    std::uint64_t salt = 0;
};

class Scenario {
  public:
    explicit Scenario(std::uint64_t seed) : random_(seed * 2654435761U + 1) {
        const unsigned kinds = 1 + pick(5);
        for (unsigned i = 0; i < kinds; ++i)
            topics_.wanted.push_back(pick(3) == 0 ? 255 : 1 + pick(255));
        settings_ = any_settings();
        settings_.is_ordered = pick(2) == 0;
        state_ = std::make_unique<DeliveryState>(settings_, topics_, now_);
        model_ = std::make_unique<DeliveryModel>(settings_, topics_, now_);
        calm_ = once_in(3); // members keep up, so that they sleep
        restore();
    }

    // What differs, or nothing.
    std::string step() {
        what_ = {};
        const unsigned kind = pick(100);
        if (kind < 22)
            add();
        else if (kind < 44)
            claim();
        else if (kind < 56)
            acknowledge();
        else if (kind < 64)
            give_back();
        else if (kind < 70)
            join();
        else if (kind < 73)
            disconnect();
        else if (kind < 84)
            advance();
        else
            something_rare(kind);
        compare();
        return what_;
    }

  private:
    enum class Sleep { none, asleep, cannot_send };

    unsigned pick(unsigned count) { return static_cast<unsigned>(random_() % count); }
    bool once_in(unsigned count) { return pick(count) == 0; }

    template <class One, class Other>
    void same(const char *what, const One &one, const Other &other) {
        if (what_.empty() && !(one == other))
            what_ = std::string(what) + " differs";
    }

    DeliverySettings any_settings() {
        DeliverySettings settings;
        settings.drops_oldest = once_in(4);
        settings.is_paused = once_in(12);
        settings.max_deliver = 1 + pick(6);
        settings.lease_ms = 500 + pick(3000);
        settings.ack_deadline_ms = 500 + pick(6000);
        settings.max_age_ms = once_in(3) ? 2000 + pick(20'000) : 24 * 3'600'000;
        settings.max_events = 5 + pick(60);
        settings.max_bytes = 1000 + pick(20'000);
        return settings;
    }

    DeliveryEvent any_event() {
        DeliveryEvent event;
        event.sequence = ++last_sequence_;
        event.bytes = 1 + pick(once_in(10) ? 2000 : 300);
        event.topic = once_in(20) ? pick(200) : pick(8);
        event.time_ms = now_ - (once_in(5) ? pick(50) : 0);
        event.key = pick(5);
        event.sender = pick(3) == 0 ? 0 : 1 + pick(6);
        event.cookie = random_();
        return event;
    }

    void restore() {
        for (unsigned left = pick(30); left > 0; --left) {
            if (once_in(8)) {
                const auto sequence = ++last_sequence_;
                const DeliveryGap gap{0, static_cast<GapReason>(pick(4)), sequence, sequence, 1, 5};
                state_->restore_gap(sequence, gap);
                model_->restore_gap(sequence, gap);
                continue;
            }
            DeliveryTries tries;
            if (once_in(3))
                tries = {2 + pick(4), pick(4), ReturnReason::nack,
                         once_in(2) ? 0 : now_ + pick(9000), once_in(2) ? 0 : now_ + pick(99'000)};
            const DeliveryEvent event = any_event();
            state_->restore_event(event, tries, now_);
            model_->restore_event(event, tries, now_);
            events_.push_back(event);
        }
        if (once_in(2)) {
            const std::vector<std::uint32_t> last{pick(5), 5 + pick(5)};
            state_->set_last_filters(last);
            model_->set_last_filters(last);
        }
    }

    void add() {
        for (unsigned left = 1 + pick(calm_ ? 1 : 6); left > 0; --left) {
            const DeliveryEvent event = any_event();
            const auto verdict = state_->judge(event, now_);
            same("judge", verdict, model_->judge(event, now_));
            const bool reserves = once_in(2);
            if (reserves) {
                same("reserve", state_->reserve(event, now_), verdict);
                if (verdict == DeliveryVerdict::taken)
                    model_->reserve(event);
            }
            if (verdict == DeliveryVerdict::taken)
                (once_in(6) ? late_ : coming_).emplace_back(event, reserves);
            else if (once_in(10))
                coming_.emplace_back(event, false); // although it was refused
            else
                lose(event.sequence);
        }
        for (; !coming_.empty(); coming_.pop_front())
            put(coming_.front());
        for (; !late_.empty() && once_in(2); late_.pop_front())
            put(late_.front());
    }

    void put(const std::pair<DeliveryEvent, bool> &coming) {
        const auto &[event, has_reserved] = coming;
        if (has_reserved && once_in(10)) {
            state_->give_place_back(event);
            model_->give_place_back(event);
            return;
        }
        state_->add(event, has_reserved, now_);
        model_->add(event, has_reserved, now_);
        events_.push_back(event);
    }

    void lose(std::uint64_t sequence) {
        const auto lost = once_in(4) ? 0 : sequence;
        state_->lose(lost, GapReason::overflow, now_);
        model_->lose(lost, GapReason::overflow, now_);
    }

    std::uint64_t any_stream() {
        const auto members = model_->members();
        if (members.empty() || once_in(30))
            return pick(static_cast<unsigned>(last_stream_) + 2);
        return members[pick(static_cast<unsigned>(members.size()))].stream;
    }

    void claim() {
        const std::uint64_t stream = any_stream();
        claim(stream, once_in(8) ? 0 : 1 + pick(once_in(3) ? 2 : 12));
    }

    void claim(std::uint64_t stream, std::size_t max) {
        std::vector<Delivery> one;
        std::vector<Delivery> other;
        state_->claim(stream, max, one, now_);
        model_->claim(stream, max, other, now_);
        same("claim", one, other);
        for (const Delivery &delivery : one) {
            sent_[stream].push_back(delivery);
            if (sent_[stream].size() > 40)
                sent_[stream].pop_front();
        }
        if (awake_.count(stream) != 0)
            awake_[stream] = max == 0            ? Sleep::cannot_send
                             : one.size() == max ? Sleep::none
                                                 : Sleep::asleep;
    }

    std::vector<std::uint64_t> any_ids(std::uint64_t stream) {
        std::vector<std::uint64_t> ids;
        for (unsigned left = pick(6); left > 0; --left) {
            const auto &sent = sent_[once_in(12) ? any_stream() : stream];
            if (once_in(20) || sent.empty())
                ids.push_back(pick(static_cast<unsigned>(last_sequence_) + 2));
            else
                ids.push_back(sent[pick(static_cast<unsigned>(sent.size()))].sequence);
        }
        return ids;
    }

    void acknowledge() {
        const std::uint64_t stream = any_stream();
        const auto &sent = sent_[stream];
        std::uint64_t upto = 0;
        if (calm_ && once_in(2))
            upto = 1'000'000;
        else if (!sent.empty() && once_in(2))
            upto = sent[pick(static_cast<unsigned>(sent.size()))].tag;
        const auto ids = any_ids(stream);
        same("acknowledge", state_->acknowledge(stream, upto, ids, now_),
             model_->acknowledge(stream, upto, ids, now_));
    }

    void give_back() {
        const std::uint64_t stream = any_stream();
        const auto ids = any_ids(stream);
        const std::int64_t delay = once_in(2) ? 0 : once_in(20) ? 100'000 : pick(5000);
        const bool is_unhandled = once_in(3);
        same("give_back", state_->give_back(stream, ids, delay, is_unhandled, now_),
             model_->give_back(stream, ids, delay, is_unhandled, now_));
    }

    void extend() {
        const std::uint64_t stream = any_stream();
        const auto ids = any_ids(stream);
        same("extend", state_->extend(stream, ids, now_), model_->extend(stream, ids, now_));
    }

    void join() {
        static const char *const names[] = {"anna", "bert", "carl", "dora", "emil"};
        JoinRequest request;
        request.name = names[pick(calm_ ? 3 : 5)];
        request.filter = filters_[request.name];
        if (request.filter == 0 || once_in(5))
            request.filter = filters_[request.name] = 1 + pick(8);
        request.window = 1 + pick(once_in(3) ? 2 : 12);
        for (const DeliveryMember &member : model_->members())
            if (member.name == request.name && !once_in(4)) {
                request.stream = member.stream;
                const auto &sent = sent_[member.stream];
                if (!sent.empty() && !once_in(5))
                    request.tag = sent[pick(static_cast<unsigned>(sent.size()))].tag;
                else
                    request.tag = once_in(2) ? 1000 : 0;
            }
        const Joined one = state_->join(request, now_);
        const Joined other = model_->join(request, now_);
        same("join", std::tie(one.stream, one.connection, one.is_resumed, one.lease_ms),
             std::tie(other.stream, other.connection, other.is_resumed, other.lease_ms));
        last_stream_ = std::max(last_stream_, one.stream);
        connections_[one.stream] = one.connection;
        awake_[one.stream] = Sleep::none;
    }

    void disconnect() {
        const std::uint64_t stream = any_stream();
        const std::uint64_t connection = connections_[stream] - (once_in(5) ? 1 : 0);
        state_->disconnect(stream, connection, now_);
        model_->disconnect(stream, connection, now_);
    }

    void advance() {
        const unsigned kind = pick(40);
        const std::int64_t before = now_;
        now_ += kind == 0 ? 3'600'000 : kind < 4 ? pick(20'000) : kind < 20 ? pick(1500) : pick(50);
        if (once_in(20))
            now_ -= pick(100);
        latest_ = std::max({latest_, before, now_});
        const auto due = model_->next_deadline();
        if (state_->next_deadline() > std::max(due, latest_))
            what_ = "next_deadline is too late";
        if (once_in(4) && due < now_ + 100'000)
            now_ = std::max(now_, due);
        state_->advance(now_);
        model_->advance(now_);
    }

    void something_rare(unsigned kind) {
        if (kind < 88)
            return extend();
        if (kind < 92)
            return requeue();
        if (kind == 92) {
            settings_ = any_settings();
            state_->set_settings(settings_, now_);
            model_->set_settings(settings_, now_);
        } else if (kind == 93) {
            const bool is_ordered = once_in(2);
            ++topics_.salt;
            same("set_order", state_->set_order(is_ordered, topics_),
                 model_->set_order(is_ordered, topics_));
        } else if (kind == 94) {
            const bool is_at_bound = once_in(3);
            state_->set_at_bound(is_at_bound);
            model_->set_at_bound(is_at_bound);
        } else if (kind == 95) {
            const std::vector<std::uint32_t> last{1 + pick(8)};
            state_->set_last_filters(last);
            model_->set_last_filters(last);
        } else if (kind == 96) {
            DeliveryGap gap{0, GapReason::restart, 0, 0, 0, now_};
            if (once_in(2))
                gap = {0, GapReason::reset, 1, last_sequence_, std::nullopt, now_};
            state_->add_gap(gap);
            model_->add_gap(gap);
        } else {
            lose(++last_sequence_);
        }
    }

    void requeue() {
        if (events_.empty())
            return;
        const DeliveryEvent &event = events_[pick(static_cast<unsigned>(events_.size()))];
        const std::uint32_t attempt = 1 + pick(5);
        const bool is_dead = dead_.erase(event.sequence) > 0;
        if (is_dead || once_in(4))
            same("requeue", state_->requeue(event, attempt, now_),
                 model_->requeue(event, attempt, now_));
    }

    void compare() {
        const DeliveryFigures figures = model_->figures();
        same("figures", state_->figures(), figures);
        same("wanted_filters", state_->wanted_filters(), model_->wanted_filters());
        compare_members();
        if (!once_in(8))
            compare_effects();
        if (calm_ && once_in(2))
            let_all_claim();
        if (events_.size() > 200)
            events_.pop_front();
        for (unsigned left = pick(3); left > 0 && !unnamed_.empty(); --left, unnamed_.pop_front()) {
            const auto sequence = ++last_sequence_;
            state_->name_gap(unnamed_.front(), sequence);
            model_->name_gap(unnamed_.front(), sequence);
        }
    }

    // As in a broker: whoever is rung, or may have more, asks soon.
    void let_all_claim() {
        for (const DeliveryMember &member : model_->members())
            if (member.is_connected && awake_[member.stream] == Sleep::none && !once_in(5))
                claim(member.stream, 50);
        compare_effects();
    }

    void compare_members() {
        const auto one = state_->members();
        const auto other = model_->members();
        same("members", one.size(), other.size());
        for (std::size_t i = 0; i < one.size() && what_.empty(); ++i)
            same("member",
                 std::tie(one[i].name, one[i].stream, one[i].filter, one[i].window,
                          one[i].unacknowledged, one[i].is_connected),
                 std::tie(other[i].name, other[i].stream, other[i].filter, other[i].window,
                          other[i].unacknowledged, other[i].is_connected));
    }

    void compare_effects() {
        DeliveryEffects one;
        state_->take_effects(one);
        DeliveryEffects other = model_->take_effects();
        const auto by_sequence = [](auto list) {
            std::stable_sort(list.begin(), list.end(),
                             [](const auto &a, const auto &b) { return a.sequence < b.sequence; });
            return list;
        };
        const auto by_reason = [](auto list) {
            std::sort(list.begin(), list.end(),
                      [](const auto &a, const auto &b) { return a.reason < b.reason; });
            return list;
        };
        const auto by_stream = [](auto list) {
            std::stable_sort(list.begin(), list.end(),
                             [](const auto &a, const auto &b) { return a.stream < b.stream; });
            return list;
        };
        same("settled", by_sequence(one.settled), by_sequence(other.settled));
        same("gaps", by_reason(one.gaps), by_reason(other.gaps));
        same("ended", by_stream(one.ended), by_stream(other.ended));
        compare_returns(by_sequence(one.attempts), by_sequence(other.attempts));
        compare_dead(by_sequence(one.dead_letters), by_sequence(other.dead_letters));
        const auto wanted = state_->wanted_filters();
        if (wanted != wanted_ && !one.have_filters_changed)
            what_ = "the change of filters is not told";
        wanted_ = wanted;
        for (const DeliveryGap &gap : one.gaps)
            unnamed_.push_back(gap.number);
        for (const std::uint64_t stream : one.ring)
            awake_[stream] = Sleep::none;
        if (what_.empty())
            look_for_sleepers();
    }

    void compare_returns(const std::vector<DeliveryAttempt> &one,
                         const std::vector<DeliveryAttempt> &other) {
        same("attempts", one.size(), other.size());
        for (std::size_t i = 0; i < one.size() && what_.empty(); ++i)
            same("attempt", std::tie(one[i].sequence, one[i].tries),
                 std::tie(other[i].sequence, other[i].tries));
    }

    void compare_dead(const std::vector<DeliveryDeadLetter> &one,
                      const std::vector<DeliveryDeadLetter> &other) {
        same("dead letters", one.size(), other.size());
        for (std::size_t i = 0; i < one.size() && what_.empty(); ++i) {
            same("dead letter",
                 std::tie(one[i].sequence, one[i].cookie, one[i].topic, one[i].attempt,
                          one[i].reason),
                 std::tie(other[i].sequence, other[i].cookie, other[i].topic, other[i].attempt,
                          other[i].reason));
            dead_.insert(one[i].sequence);
        }
    }

    // What a member could have that sleeps, one can have that is awake.
    void look_for_sleepers() {
        std::set<std::uint64_t> in_reach;
        std::set<std::uint64_t> for_sleepers;
        for (const DeliveryMember &member : model_->members()) {
            if (!member.is_connected)
                continue;
            for (const std::uint64_t sequence : model_->claimable(member.stream))
                if (awake_[member.stream] != Sleep::cannot_send)
                    (awake_[member.stream] == Sleep::none ? in_reach : for_sleepers)
                        .insert(sequence);
        }
        if (!std::includes(in_reach.begin(), in_reach.end(), for_sleepers.begin(),
                           for_sleepers.end()))
            what_ = "something is ready, and whoever may have it sleeps";
    }

    std::mt19937_64 random_;
    Topics topics_;
    DeliverySettings settings_;
    bool calm_ = false;
    std::int64_t now_ = 1'000'000;
    std::int64_t latest_ = now_;
    std::unique_ptr<DeliveryState> state_;
    std::unique_ptr<DeliveryModel> model_;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t last_stream_ = 0;
    std::deque<std::pair<DeliveryEvent, bool>> coming_;
    std::deque<std::pair<DeliveryEvent, bool>> late_;
    std::deque<DeliveryEvent> events_;
    std::set<std::uint64_t> dead_;
    std::deque<std::uint64_t> unnamed_;
    std::map<std::uint64_t, std::deque<Delivery>> sent_;
    std::map<std::uint64_t, std::uint64_t> connections_;
    std::map<std::uint64_t, Sleep> awake_;
    std::map<std::string_view, std::uint32_t> filters_;
    std::vector<std::uint32_t> wanted_;
    std::string what_;
};

TEST(delivery_model, says_the_same) {
    const std::uint64_t first = number_from("DELIVERY_MODEL_FIRST", 1);
    const std::uint64_t seeds = number_from("DELIVERY_MODEL_SEEDS", 120);
    const std::uint64_t steps = number_from("DELIVERY_MODEL_STEPS", 1000);
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        Scenario scenario(seed);
        for (std::uint64_t step = 0; step < steps; ++step) {
            const std::string what = scenario.step();
            ASSERT_EQ(what, "") << "seed " << seed << ", step " << step;
        }
        if (seed % 1000 == 0)
            std::printf("%llu seeds\n", static_cast<unsigned long long>(seed - first + 1));
    }
}

} // namespace
