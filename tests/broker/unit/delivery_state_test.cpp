// Streams of a reliable group: tags, windows, acknowledgements, gaps.
#include "delivery_group.h"

#include <gtest/gtest.h>

namespace {

using namespace webrocket;
using namespace webrocket::test;

TEST(delivery_state, tags_grow_by_one_and_events_come_in_order) {
    DeliveryGroup group;
    for (int i = 0; i < 5; ++i)
        group.add();
    const auto stream = group.join("w").stream;
    const auto sent = group.deliveries(stream);
    ASSERT_EQ(sent.size(), 5U);
    for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_EQ(sent[i].sequence, i + 1);
        EXPECT_EQ(sent[i].tag, i + 1);
        EXPECT_EQ(sent[i].attempt, 1U);
        EXPECT_EQ(sent[i].cookie, 1001 + i);
        EXPECT_FALSE(sent[i].is_gap());
    }
}

TEST(delivery_state, every_event_goes_to_one_member) {
    DeliveryGroup group;
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    group.add();
    group.add();
    EXPECT_EQ(group.claim(a, 1), Seqs{1});
    EXPECT_EQ(group.claim(b), Seqs{2});
    EXPECT_EQ(group.claim(a), Seqs{});
}

TEST(delivery_state, an_event_goes_to_a_member_whose_own_filter_matches) {
    DeliveryGroup group;
    const auto a = group.join("a", 256, 1).stream;
    const auto b = group.join("b", 256, 2).stream;
    group.add(1);
    group.add(0);
    EXPECT_EQ(group.claim(a), Seqs{2});
    EXPECT_EQ(group.claim(b), Seqs{1});
}

TEST(delivery_state, the_window_is_the_most_that_is_unacknowledged) {
    DeliveryGroup group;
    const auto stream = group.join("w", 3).stream;
    for (int i = 0; i < 9; ++i)
        group.add();
    EXPECT_EQ(group.claim(stream), (Seqs{1, 2, 3}));
    EXPECT_EQ(group.claim(stream), Seqs{});
    group.acknowledge(stream, 0, {2});
    EXPECT_EQ(group.claim(stream), Seqs{4});
    EXPECT_EQ(group.state.figures().unacknowledged, 3U);
}

TEST(delivery_state, upto_covers_tags_and_ids_single_ones) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    for (int i = 0; i < 6; ++i)
        group.add();
    group.claim(stream);
    EXPECT_EQ(group.acknowledge(stream, 2, {5}), 0U);
    EXPECT_EQ(group.state.figures().events, 3U);
    const auto effects = group.effects();
    ASSERT_EQ(effects.settled.size(), 3U);
    EXPECT_EQ(effects.settled[2].sequence, 5U);
    EXPECT_EQ(effects.settled[2].cookie, 1005U);
    // What is acknowledged already is not the stream's any more; upto that covers nothing is fine.
    EXPECT_EQ(group.acknowledge(stream, 2, {5, 3}), 1U);
}

// Ids go back and forth with redeliveries: only the latest tag on the stream counts.
TEST(delivery_state, upto_goes_by_the_latest_tag) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    group.add();
    group.add();
    group.claim(stream);
    group.unhandled(stream, {1});
    EXPECT_EQ(group.deliveries(stream)[0].tag, 3U);
    group.acknowledge(stream, 2);
    EXPECT_EQ(group.state.figures().events, 1U);
    group.acknowledge(stream, 3);
    EXPECT_EQ(group.state.figures().events, 0U);
}

TEST(delivery_state, what_is_not_the_streams_is_ignored_and_counted) {
    DeliveryGroup group;
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    group.add();
    group.claim(a);
    EXPECT_EQ(group.acknowledge(b, 9, {1, 77, 0}), 3U);
    EXPECT_EQ(group.nack(b, {1}), 1U);
    EXPECT_EQ(group.state.extend(b, Seqs{1}, group.now), 1U);
    EXPECT_EQ(group.acknowledge(99, 5, {1}), 2U);
    EXPECT_EQ(group.nack(99, {1, 2}), 2U);
    EXPECT_EQ(group.acknowledge(a, 0, {1, 1}), 1U);
    EXPECT_EQ(group.state.figures().acknowledged, 1U);
}

TEST(delivery_state, a_replaced_streams_words_are_ignored) {
    DeliveryGroup group;
    const auto first = group.join("w").stream;
    group.add();
    group.claim(first);
    const auto second = group.join("w").stream;
    EXPECT_NE(first, second);
    EXPECT_EQ(group.acknowledge(first, 1, {1}), 2U);
    EXPECT_EQ(group.claim(first), Seqs{});
    EXPECT_EQ(group.claim(second), Seqs{1});
}

TEST(delivery_state, acks_are_good_while_the_stream_is_broken) {
    DeliveryGroup group;
    const auto joined = group.join("w");
    group.add();
    group.add();
    group.claim(joined.stream);
    group.state.disconnect(joined.stream, joined.connection, group.now);
    EXPECT_EQ(group.acknowledge(joined.stream, 1), 0U);
    EXPECT_EQ(group.nack(joined.stream, {2}), 0U);
    EXPECT_EQ(group.state.figures().events, 1U);
    EXPECT_EQ(group.claim(joined.stream), Seqs{});
}

TEST(delivery_state, what_is_paused_hands_out_nothing) {
    DeliverySettings settings;
    settings.is_paused = true;
    DeliveryGroup group(settings);
    const auto stream = group.join("w").stream;
    group.add();
    EXPECT_EQ(group.claim(stream), Seqs{});
    EXPECT_TRUE(group.effects().ring.empty());
    settings.is_paused = false;
    group.state.set_settings(settings, group.now);
    EXPECT_EQ(group.effects().ring, Seqs{stream});
    EXPECT_EQ(group.claim(stream), Seqs{1});
}

TEST(delivery_state, a_gap_is_sent_until_it_is_acknowledged) {
    DeliverySettings settings;
    settings.max_deliver = 1;
    DeliveryGroup group(settings);
    const auto stream = group.join("w", 2).stream;
    group.add();
    group.state.lose(7, GapReason::overflow, group.now);
    group.state.lose(9, GapReason::overflow, group.now);
    group.last = 10;
    const auto gaps = group.write_gaps();
    ASSERT_EQ(gaps.size(), 1U);
    for (int i = 0; i < 3; ++i) {
        const auto sent = group.deliveries(stream, 1);
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_TRUE(sent[0].is_gap());
        EXPECT_EQ(sent[0].sequence, 11U);
        EXPECT_EQ(sent[0].from, 7U);
        EXPECT_EQ(sent[0].to, 9U);
        EXPECT_EQ(sent[0].count, 2U);
        group.nack(stream, {11});
    }
    EXPECT_EQ(group.state.figures().dead_letters, 0U);
    EXPECT_EQ(group.claim(stream), (Seqs{11, 1})); // it counts in the window
    group.add();
    EXPECT_EQ(group.claim(stream), Seqs{});
    group.acknowledge(stream, 4);
    EXPECT_EQ(group.state.figures().gaps, 0U);
    EXPECT_TRUE(group.effects().settled.front().is_gap);
}

TEST(delivery_state, a_gap_that_somebody_has_seen_stays_as_it_is) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    group.state.lose(1, GapReason::expired, group.now);
    group.last = 100;
    group.write_gaps();
    EXPECT_EQ(group.deliveries(stream)[0].count, 1U);
    group.state.lose(2, GapReason::expired, group.now);
    group.write_gaps();
    const auto second = group.deliveries(stream);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].from, 2U);
    EXPECT_EQ(second[0].count, 1U);
}

// However much is lost while nobody is there, it is a few gaps, and the counts are exact.
TEST(delivery_state, gaps_that_nobody_was_handed_become_one) {
    DeliveryGroup group;
    group.last = 1'000'000;
    std::uint64_t written = 0;
    for (std::uint64_t lost = 1; lost <= 1000; ++lost) {
        group.state.lose(lost, GapReason::overflow, group.now);
        written += group.write_gaps().size();
    }
    EXPECT_EQ(group.state.figures().gaps, 2U);
    EXPECT_EQ(written, 1000U); // each loss is in the log
    std::uint64_t sum = 0;
    for (const Delivery &gap : group.deliveries(group.join("w").stream))
        sum += gap.count.value_or(0);
    EXPECT_EQ(sum, 1000U);
}

TEST(delivery_state, an_unknown_count_stays_unknown) {
    DeliveryGroup group;
    group.state.add_gap({0, GapReason::reset, 5, 80, std::nullopt, group.now});
    group.state.add_gap({0, GapReason::reset, 2, 3, 1, group.now});
    group.state.add_gap({0, GapReason::restart, 0, 0, 0, group.now});
    group.last = 100;
    group.write_gaps();
    const auto sent = group.deliveries(group.join("w").stream);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].reason, GapReason::reset);
    EXPECT_EQ(sent[0].from, 2U);
    EXPECT_EQ(sent[0].to, 80U);
    EXPECT_EQ(sent[0].count, std::nullopt);
    EXPECT_EQ(sent[1].reason, GapReason::restart);
    EXPECT_EQ(sent[1].from, 0U);
    EXPECT_EQ(sent[1].count, 0U);
}

TEST(delivery_state, gaps_in_hands_are_bounded) {
    DeliverySettings settings;
    settings.lease_ms = settings.ack_deadline_ms = 3'600'000;
    DeliveryGroup group(settings);
    const auto stream = group.join("w", 10'000).stream;
    for (std::uint64_t i = 0; i < 2000; ++i) {
        group.state.lose(++group.last, GapReason::overflow, group.now);
        group.write_gaps();
        const auto handed_out = group.claim(stream);
        EXPECT_EQ(handed_out.size(), i < 1024 ? 1U : 0U);
    }
    EXPECT_LE(group.state.figures().gaps, 1026U);
    group.acknowledge(stream, 1);
    EXPECT_FALSE(group.effects().ring.empty());
    EXPECT_EQ(group.claim(stream).size(), 1U);
}

TEST(delivery_state, a_restart_goes_on_with_what_the_log_has) {
    DeliveryGroup group;
    group.state.restore_event(group.event(), {}, group.now);
    group.state.restore_event(group.event(), {3, 2, ReturnReason::nack}, group.now);
    group.state.restore_event(group.event(), {2, 1, ReturnReason::deadline}, group.now);
    group.state.restore_gap(9, {0, GapReason::overflow, 4, 5, 2, group.now});
    EXPECT_TRUE(group.effects().empty());
    EXPECT_EQ(group.state.figures().events, 3U);
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    EXPECT_EQ(group.claim(a), Seqs{2}); // tried twice: alone, with the first who has nothing
    const auto sent = group.deliveries(b);
    ASSERT_EQ(sent.size(), 3U);
    EXPECT_EQ(sent[0].sequence, 9U);
    EXPECT_EQ(sent[1].sequence, 3U);
    EXPECT_EQ(sent[1].attempt, 2U);
    EXPECT_EQ(sent[2].sequence, 1U);
}

TEST(delivery_state, a_restart_keeps_delays_and_ages) {
    DeliverySettings settings;
    settings.max_age_ms = 10'000;
    DeliveryGroup before(settings);
    const auto stream = before.join("w").stream;
    const DeliveryEvent event = before.event();
    before.state.add(event, false, before.now);
    before.claim(stream);
    before.nack(stream, {1}, 60'000);
    const auto attempts = before.effects().attempts;
    ASSERT_EQ(attempts.size(), 1U);
    DeliveryGroup group(settings);
    group.now += 20'000;
    group.state.restore_event(event, attempts[0].tries, group.now);
    group.pass(39'999);
    EXPECT_EQ(group.claim(group.join("w").stream), Seqs{});
    group.pass(1);
    EXPECT_EQ(group.claim(group.join("w").stream), Seqs{1});
}

} // namespace
