#include "worker/ledger.h"

#include <memory>
#include <string>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "net/reactor.h"

namespace kn {
namespace {

/// A ledger with events whose ids and tags are 1, 2, … and which were handed over.
class Desk {
  public:
    explicit Desk(std::int32_t window = 100) : ledger_(std::make_shared<Ledger>(window, reactor_)) {
        reactor_.silence();
    }
    ~Desk() {
        ledger_->detach();
        for (Delivery *one : all_)
            Ledger::release(*one);
    }
    Desk(const Desk &) = delete;
    Desk &operator=(const Desk &) = delete;

    Delivery &add(std::uint64_t tag, std::int32_t attempt = 1) {
        const std::string id = "e-" + std::to_string(tag);
        const DeliveryNote note{id, tag, attempt, -1, "", false};
        EXPECT_TRUE(ledger_->is_new(note));
        auto *const one = new Delivery(note);
        one->ledger = ledger_;
        all_.push_back(one);
        ledger_->enter(*one);
        ledger_->hand_over(*one);
        return *one;
    }
    bool comes_again(std::uint64_t number, std::uint64_t tag, std::int32_t attempt = 1) {
        const std::string id = "e-" + std::to_string(number);
        return !ledger_->is_new({id, tag, attempt, -1, "", false});
    }
    std::string compose() {
        std::string text;
        kind_ = ledger_->compose(text);
        return text;
    }
    bool rings() const {
        pollfd watched{reactor_.fd(), POLLIN, 0};
        const bool does = poll(&watched, 1, 0) == 1;
        reactor_.silence();
        return does;
    }

    Ledger &operator*() noexcept { return *ledger_; }
    Ledger *operator->() noexcept { return ledger_.get(); }
    Ledger::Kind kind() const noexcept { return kind_; }

  private:
    Reactor reactor_;
    std::shared_ptr<Ledger> ledger_;
    std::vector<Delivery *> all_;
    Ledger::Kind kind_ = Ledger::Kind::nothing;
};

TEST(ledger, owes_nothing_at_first) {
    Desk desk;
    desk.add(1);
    EXPECT_TRUE(desk->owes_nothing());
    EXPECT_EQ(desk->due(), std::nullopt);
    EXPECT_EQ(desk.compose(), "");
    EXPECT_EQ(desk->held(), 1);
}

TEST(ledger, waits_for_20_ms_behind_the_first_answer) {
    Desk desk;
    Delivery &first = desk.add(1);
    Delivery &second = desk.add(2);
    const auto before = Ledger::Clock::now();
    EXPECT_EQ(desk->acknowledge(first), KN_OK);
    const Deadline due = desk->due();
    ASSERT_TRUE(due);
    EXPECT_GE(*due, before + milliseconds(20));
    EXPECT_LE(*due, Ledger::Clock::now() + milliseconds(20));
    EXPECT_EQ(desk->acknowledge(second), KN_OK);
    EXPECT_EQ(desk->due(), due) << "the second does not put it off";
}

TEST(ledger, does_not_wait_when_half_of_the_window_is_owed) {
    Desk desk(6);
    for (std::uint64_t tag = 1; tag <= 2; ++tag)
        EXPECT_EQ(desk->acknowledge(desk.add(tag)), KN_OK);
    EXPECT_GT(*desk->due(), Ledger::Clock::now());
    EXPECT_EQ(desk->give_back(desk.add(3), {}), KN_OK);
    EXPECT_LE(*desk->due(), Ledger::Clock::now());
}

TEST(ledger, does_not_wait_where_there_is_an_order) {
    Desk desk;
    desk->begin_stream(true);
    EXPECT_EQ(desk->acknowledge(desk.add(1)), KN_OK);
    EXPECT_LE(*desk->due(), Ledger::Clock::now());
}

TEST(ledger, does_not_wait_at_the_end) {
    Desk desk;
    desk.add(1);
    desk->close();
    EXPECT_LE(*desk->due(), Ledger::Clock::now());
    EXPECT_EQ(desk.compose(), R"(,"ids":["e-1"],"delay_ms":0,"unhandled":true)");
}

TEST(ledger, wakes_the_driver_for_what_it_does_not_know) {
    Desk desk(6);
    EXPECT_EQ(desk->acknowledge(desk.add(1)), KN_OK);
    EXPECT_FALSE(desk.rings()) << "he is awake";
    EXPECT_NE(desk->rest(), std::nullopt);
    EXPECT_EQ(desk->acknowledge(desk.add(2)), KN_OK);
    EXPECT_FALSE(desk.rings()) << "he knows when the first is due";
    EXPECT_EQ(desk->acknowledge(desk.add(3)), KN_OK);
    EXPECT_TRUE(desk.rings()) << "half of the window is due at once";
    EXPECT_EQ(desk->acknowledge(desk.add(4)), KN_OK);
    EXPECT_FALSE(desk.rings()) << "once is enough";
}

TEST(ledger, names_the_highest_tag_below_what_is_open) {
    Desk desk;
    Delivery &first = desk.add(1);
    Delivery &second = desk.add(2);
    Delivery &third = desk.add(3);
    EXPECT_EQ(desk->acknowledge(third), KN_OK);
    EXPECT_EQ(desk->acknowledge(first), KN_OK);
    EXPECT_EQ(desk.compose(), R"(,"ids":["e-3"],"upto":1)");
    EXPECT_EQ(desk->due(), std::nullopt) << "one request at a time";
    desk->conclude(Ledger::Fate::taken);
    EXPECT_EQ(desk->acknowledge(second), KN_OK);
    EXPECT_EQ(desk.compose(), R"(,"upto":2)");
    desk->conclude(Ledger::Fate::taken);
    EXPECT_TRUE(desk->owes_nothing());
}

TEST(ledger, owes_again_what_was_lost) {
    Desk desk;
    EXPECT_EQ(desk->acknowledge(desk.add(1)), KN_OK);
    EXPECT_EQ(desk.compose(), R"(,"upto":1)");
    EXPECT_FALSE(desk->owes_nothing());
    desk->conclude(Ledger::Fate::lost);
    EXPECT_EQ(desk.compose(), R"(,"upto":1)");
    desk->conclude(Ledger::Fate::refused);
    EXPECT_TRUE(desk->owes_nothing());
}

TEST(ledger, acknowledges_once_more_what_came_again_meanwhile) {
    Desk desk;
    EXPECT_EQ(desk->acknowledge(desk.add(1)), KN_OK);
    EXPECT_EQ(desk.compose(), R"(,"upto":1)");
    EXPECT_TRUE(desk.comes_again(1, 5, 2));
    desk->conclude(Ledger::Fate::taken);
    EXPECT_EQ(desk.compose(), R"(,"upto":5)");
}

TEST(ledger, takes_what_was_given_back_and_tried_again_for_a_new_event) {
    Desk desk;
    EXPECT_EQ(desk->give_back(desk.add(1), {}), KN_OK);
    desk.compose();
    EXPECT_EQ(desk.kind(), Ledger::Kind::give_back);
    EXPECT_TRUE(desk.comes_again(1, 2)) << "the same try: a stream that was resumed";
    EXPECT_FALSE(desk.comes_again(1, 3, 2));
}

TEST(ledger, gives_back_each_way_by_itself) {
    Desk desk;
    EXPECT_EQ(desk->give_back(desk.add(1), {milliseconds(5), false}), KN_OK);
    EXPECT_EQ(desk->give_back(desk.add(2), {milliseconds(6), false}), KN_OK);
    EXPECT_EQ(desk->give_back(desk.add(3), {milliseconds(5), false}), KN_OK);
    EXPECT_EQ(desk.compose(), R"(,"ids":["e-1","e-3"],"delay_ms":5)");
    desk->conclude(Ledger::Fate::taken);
    EXPECT_EQ(desk.compose(), R"(,"ids":["e-2"],"delay_ms":6)");
}

TEST(ledger, remembers_acknowledgements_over_streams_but_not_without_end) {
    constexpr std::uint64_t most = 10'000;
    Desk desk;
    for (std::uint64_t tag = 1; tag <= most + 1; ++tag)
        EXPECT_EQ(desk->acknowledge(desk.add(tag)), KN_OK);
    desk->begin_stream(false);
    EXPECT_TRUE(desk->owes_nothing());
    EXPECT_FALSE(desk.comes_again(1, 1)) << "the oldest was forgotten";
    EXPECT_TRUE(desk.comes_again(most + 1, 2));
    EXPECT_EQ(desk.compose(), R"(,"upto":2)");
}

TEST(ledger, is_too_late_when_the_worker_has_gone) {
    Desk desk;
    Delivery &one = desk.add(1);
    Delivery &other = desk.add(2);
    desk->detach();
    EXPECT_EQ(desk->extend(one), KN_CLOSED);
    EXPECT_EQ(desk->acknowledge(one), KN_CLOSED);
    EXPECT_EQ(desk->acknowledge(one), KN_ESTATE);
    EXPECT_EQ(desk->give_back(other, {}), KN_CLOSED);
}

TEST(ledger, puts_a_failure_off_for_longer_each_time) {
    const std::vector<std::pair<std::int32_t, int>> expected{
        {0, 1'000}, {1, 1'000}, {2, 5'000}, {3, 20'000}, {4, 60'000}, {99, 60'000}};
    for (const auto &[attempt, delay] : expected) {
        EXPECT_EQ(GivingBack::after_failure(attempt).delay, milliseconds(delay)) << attempt;
        EXPECT_FALSE(GivingBack::after_failure(attempt).is_unhandled);
    }
}

} // namespace
} // namespace kn
