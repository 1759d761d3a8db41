// The bounds of a reliable group: events, bytes, age, and one sender's tenth.
#include "delivery_group.h"

#include <gtest/gtest.h>

namespace {

using namespace webrocket;
using namespace webrocket::test;

DeliverySettings bounded(std::uint64_t events, bool drops_oldest = false) {
    DeliverySettings settings;
    settings.max_events = events;
    settings.drops_oldest = drops_oldest;
    return settings;
}

DeliveryEvent from(DeliveryGroup &group, std::uint64_t sender, std::uint32_t bytes = 100) {
    DeliveryEvent event = group.event();
    event.sender = sender;
    event.bytes = bytes;
    return event;
}

TEST(delivery_bounds, at_its_bound_a_group_refuses) {
    DeliveryGroup group(bounded(10));
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
    const auto stream = group.join("w").stream;
    group.claim(stream);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full); // everything unsettled counts
    group.acknowledge(stream, 1);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    EXPECT_EQ(group.state.figures().lost, 0U);
}

TEST(delivery_bounds, bytes_count_as_well) {
    DeliverySettings settings;
    settings.max_bytes = 1000;
    DeliveryGroup group(settings);
    EXPECT_EQ(group.offer(from(group, 0, 900)), DeliveryVerdict::taken);
    EXPECT_EQ(group.offer(from(group, 0, 101)), DeliveryVerdict::full);
    EXPECT_EQ(group.offer(from(group, 0, 100)), DeliveryVerdict::taken);
    EXPECT_EQ(group.state.figures().bytes, 1000U);
}

TEST(delivery_bounds, what_is_judged_before_others_are_added_sees_them) {
    DeliveryGroup group(bounded(10));
    std::vector<DeliveryEvent> turn;
    for (int i = 0; i < 12; ++i) {
        const DeliveryEvent event = group.event();
        if (group.state.reserve(event, group.now) == DeliveryVerdict::taken)
            turn.push_back(event);
    }
    EXPECT_EQ(turn.size(), 10U);
    EXPECT_EQ(group.state.figures().events, 0U);
    group.state.give_place_back(turn.back());
    turn.pop_back();
    for (const DeliveryEvent &event : turn)
        group.state.add(event, true, group.now);
    EXPECT_EQ(group.state.figures().events, 9U);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
}

TEST(delivery_bounds, one_sender_has_a_tenth_rounded_up) {
    DeliveryGroup group(bounded(25));
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(group.offer(from(group, 5)), DeliveryVerdict::taken);
    EXPECT_EQ(group.offer(from(group, 5)), DeliveryVerdict::sender_is_over);
    EXPECT_EQ(group.offer(from(group, 6)), DeliveryVerdict::taken);
    EXPECT_EQ(group.offer(from(group, 0)), DeliveryVerdict::taken); // nobody: bound to no tenth
    const auto stream = group.join("w").stream;
    group.claim(stream);
    EXPECT_EQ(group.offer(from(group, 5)), DeliveryVerdict::sender_is_over);
    group.acknowledge(stream, 1);
    EXPECT_EQ(group.offer(from(group, 5)), DeliveryVerdict::taken);
}

TEST(delivery_bounds, one_sender_has_a_tenth_of_the_bytes) {
    DeliverySettings settings;
    settings.max_bytes = 9'995;
    DeliveryGroup group(settings);
    EXPECT_EQ(group.offer(from(group, 5, 900)), DeliveryVerdict::taken);
    EXPECT_EQ(group.offer(from(group, 5, 101)), DeliveryVerdict::sender_is_over);
    EXPECT_EQ(group.offer(from(group, 5, 100)), DeliveryVerdict::taken);
    // One event alone is never too large for its sender: it could not come in at all.
    EXPECT_EQ(group.offer(from(group, 6, 5000)), DeliveryVerdict::taken);
}

TEST(delivery_bounds, drop_oldest_never_refuses) {
    DeliveryGroup group(bounded(10, true));
    for (int i = 0; i < 13; ++i)
        EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    EXPECT_EQ(group.state.figures().events, 10U);
    const auto effects = group.effects();
    ASSERT_EQ(effects.settled.size(), 3U);
    EXPECT_EQ(effects.settled[0].sequence, 1U);
    ASSERT_EQ(effects.gaps.size(), 1U);
    EXPECT_EQ(effects.gaps[0].from, 1U);
    EXPECT_EQ(effects.gaps[0].to, 3U);
    EXPECT_EQ(effects.gaps[0].count, 3U);
    EXPECT_EQ(effects.gaps[0].reason, GapReason::overflow);
    EXPECT_EQ(group.claim(group.join("w").stream).front(), 4U);
}

TEST(delivery_bounds, of_a_sender_over_its_tenth_that_senders_go) {
    DeliveryGroup group(bounded(20, true));
    group.offer(from(group, 1));
    group.offer(from(group, 5));
    group.offer(from(group, 5));
    group.offer(from(group, 5));
    const auto settled = group.effects().settled;
    ASSERT_EQ(settled.size(), 1U);
    EXPECT_EQ(settled[0].sequence, 2U);
}

TEST(delivery_bounds, what_members_have_does_not_go) {
    DeliveryGroup group(bounded(10, true));
    for (int i = 0; i < 10; ++i)
        group.offer(group.event());
    const auto stream = group.join("w").stream;
    group.claim(stream, 9);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    EXPECT_EQ(group.effects().settled[0].sequence, 10U);
    EXPECT_EQ(group.claim(stream), Seqs{11});
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::dropped);
    group.add(); // although it was said that it cannot come in
    const auto effects = group.effects();
    ASSERT_EQ(effects.settled.size(), 1U);
    EXPECT_EQ(effects.settled[0].sequence, 13U);
    EXPECT_EQ(effects.settled[0].cookie, 1013U);
    EXPECT_EQ(effects.gaps[0].from, 13U);
}

TEST(delivery_bounds, a_group_without_a_member_for_an_hour_refuses_nothing) {
    DeliveryGroup group(bounded(10));
    for (int i = 0; i < 10; ++i)
        group.offer(group.event());
    group.pass(3'599'999);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
    group.pass(1);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    group.join("w");
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
}

TEST(delivery_bounds, a_group_whose_members_say_nothing_for_an_hour_refuses_nothing) {
    DeliveryGroup group(bounded(10));
    const auto stream = group.join("w", 1).stream;
    group.pass(7'200'000); // there was nothing to say anything about
    for (int i = 0; i < 10; ++i)
        group.offer(group.event());
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
    const std::uint64_t first = group.claim(stream)[0];
    group.pass(50'000);
    group.unhandled(stream, {first});
    group.pass(3'599'999);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
    group.pass(1);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    group.acknowledge(stream, 0, group.claim(stream));
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken); // there is room for one
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
}

TEST(delivery_bounds, one_may_be_treated_as_at_its_bound) {
    DeliveryGroup group;
    group.offer(group.event());
    group.offer(group.event());
    group.state.set_at_bound(true);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
    DeliverySettings settings;
    settings.drops_oldest = true;
    group.state.set_settings(settings, group.now);
    EXPECT_EQ(group.offer(from(group, 0, 150)), DeliveryVerdict::taken);
    EXPECT_EQ(group.effects().settled.size(), 2U); // as many bytes as came in
    group.state.set_at_bound(false);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::taken);
    EXPECT_TRUE(group.effects().settled.empty());
}

TEST(delivery_bounds, events_go_by_age) {
    DeliveryGroup group;
    group.add();
    group.now += 1000;
    group.add();
    EXPECT_LE(group.state.next_deadline(), group.now - 1000 + 24 * 3'600'000);
    group.pass(24 * 3'600'000 - 1001);
    EXPECT_TRUE(group.effects().empty());
    group.pass(1);
    const auto effects = group.effects();
    ASSERT_EQ(effects.gaps.size(), 1U);
    EXPECT_EQ(effects.gaps[0].reason, GapReason::expired);
    EXPECT_EQ(effects.gaps[0].from, 1U);
    EXPECT_EQ(group.state.figures().events, 1U);
}

TEST(delivery_bounds, delays_that_were_asked_for_do_not_age) {
    DeliverySettings settings;
    settings.max_age_ms = 10'000;
    DeliveryGroup group(settings);
    const auto stream = group.join("w").stream;
    group.add();
    group.claim(stream);
    group.nack(stream, {1}, 60'000);
    group.pass(60'000);
    EXPECT_EQ(group.state.figures().events, 1U);
    group.pass(9'999);
    EXPECT_EQ(group.state.figures().events, 1U);
    group.pass(1);
    EXPECT_EQ(group.state.figures().events, 0U);
}

TEST(delivery_bounds, what_a_member_has_expires_when_it_comes_back) {
    DeliverySettings settings;
    settings.max_age_ms = 10'000;
    DeliveryGroup group(settings);
    const auto stream = group.join("w").stream;
    group.add();
    group.add();
    group.claim(stream);
    group.pass(20'000);
    EXPECT_EQ(group.acknowledge(stream, 1), 0U);
    group.nack(stream, {2});
    const auto effects = group.effects();
    EXPECT_EQ(effects.settled.size(), 2U);
    ASSERT_EQ(effects.gaps.size(), 1U);
    EXPECT_EQ(effects.gaps[0].from, 2U);
}

TEST(delivery_bounds, a_smaller_bound_loses_nothing_that_was_accepted) {
    DeliveryGroup group(bounded(20));
    for (int i = 0; i < 20; ++i)
        group.offer(group.event());
    group.state.set_settings(bounded(10), group.now);
    group.pass(1000);
    EXPECT_EQ(group.state.figures().events, 20U);
    EXPECT_EQ(group.offer(group.event()), DeliveryVerdict::full);
}

TEST(delivery_bounds, a_clock_that_goes_back_stands_still) {
    DeliverySettings settings;
    settings.max_age_ms = 10'000;
    DeliveryGroup group(settings);
    group.add();
    group.now -= 500'000;
    group.add();
    group.state.advance(group.now);
    EXPECT_EQ(group.state.figures().events, 2U);
    group.pass(509'999);
    EXPECT_EQ(group.state.figures().events, 2U);
    group.pass(1);
    EXPECT_EQ(group.state.figures().events, 0U);
}

} // namespace
