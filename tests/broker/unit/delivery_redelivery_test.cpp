// What comes back to a reliable group, why, and what counts.
#include "delivery_group.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace {

using namespace webrocket;
using namespace webrocket::test;

TEST(delivery_redelivery, a_resumed_stream_keeps_its_name_its_tags_and_what_was_read) {
    DeliveryGroup group;
    const auto first = group.join("w");
    for (int i = 0; i < 4; ++i)
        group.add();
    group.claim(first.stream);
    group.state.disconnect(first.stream, first.connection, group.now);
    group.pass(9'999);
    const auto again = group.resume("w", first.stream, 2);
    EXPECT_TRUE(again.is_resumed);
    EXPECT_EQ(again.stream, first.stream);
    EXPECT_EQ(again.connection, 2U);
    const auto sent = group.deliveries(first.stream);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].sequence, 3U);
    EXPECT_EQ(sent[0].tag, 5U);
    EXPECT_EQ(sent[0].attempt, 1U); // a resume does not raise it
    EXPECT_EQ(sent[1].tag, 6U);
    EXPECT_EQ(group.acknowledge(first.stream, 2), 0U); // owed from before
    EXPECT_EQ(group.acknowledge(first.stream, 6), 0U);
    EXPECT_EQ(group.state.figures().events, 0U);
    EXPECT_TRUE(group.effects().attempts.empty());
}

TEST(delivery_redelivery, without_the_present_streams_name_it_is_a_new_stream) {
    DeliveryGroup group;
    const auto first = group.join("w");
    group.add();
    group.claim(first.stream);
    group.state.disconnect(first.stream, first.connection, group.now);
    const auto other = group.resume("w", first.stream + 7, 0);
    EXPECT_FALSE(other.is_resumed);
    const auto sent = group.deliveries(other.stream);
    ASSERT_EQ(sent.size(), 1U); // it begins with everything unacknowledged
    EXPECT_EQ(sent[0].attempt, 2U);
    EXPECT_EQ(sent[0].tag, 1U);
}

TEST(delivery_redelivery, the_lease_gives_everything_back_in_order) {
    DeliveryGroup group;
    const auto lost = group.join("lost");
    for (int i = 0; i < 3; ++i)
        group.add();
    group.claim(lost.stream);
    group.add();
    const auto other = group.join("other").stream;
    group.state.disconnect(lost.stream, lost.connection, group.now);
    group.pass(9'999);
    EXPECT_TRUE(group.effects().ended.empty());
    group.pass(1);
    const auto effects = group.effects();
    ASSERT_EQ(effects.ended.size(), 1U);
    EXPECT_EQ(effects.ended[0].how, StreamEnd::lease_over);
    ASSERT_EQ(effects.attempts.size(), 3U);
    EXPECT_EQ(effects.attempts[0].tries.counted, 1U);
    EXPECT_EQ(effects.attempts[0].tries.reason, ReturnReason::worker_lost);
    EXPECT_EQ(group.claim(other), (Seqs{1, 2, 3, 4})); // to the front
    EXPECT_FALSE(group.state.knows_stream(lost.stream));
    EXPECT_FALSE(group.resume("lost", lost.stream, 3).is_resumed);
}

TEST(delivery_redelivery, a_late_end_of_an_old_connection_does_nothing) {
    DeliveryGroup group;
    const auto first = group.join("w");
    const auto second = group.resume("w", first.stream, 0);
    const auto ended = group.effects().ended;
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0], (DeliveryEnd{first.stream, 1, StreamEnd::resumed}));
    group.state.disconnect(first.stream, first.connection, group.now);
    group.pass(60'000);
    EXPECT_TRUE(group.state.knows_stream(first.stream));
    group.state.disconnect(second.stream, second.connection, group.now);
    group.pass(60'000);
    EXPECT_FALSE(group.state.knows_stream(first.stream));
}

TEST(delivery_redelivery, a_replaced_live_stream_counts_nothing) {
    DeliveryGroup group;
    const auto first = group.join("w");
    group.add();
    group.claim(first.stream);
    group.join("w");
    const auto effects = group.effects();
    ASSERT_EQ(effects.ended.size(), 1U);
    EXPECT_EQ(effects.ended[0], (DeliveryEnd{first.stream, 1, StreamEnd::replaced}));
    ASSERT_EQ(effects.attempts.size(), 1U);
    EXPECT_EQ(effects.attempts[0].tries.attempt, 2U);
    EXPECT_EQ(effects.attempts[0].tries.counted, 0U);
}

TEST(delivery_redelivery, coming_back_with_a_new_stream_after_a_broken_one_counts) {
    DeliveryGroup group;
    const auto first = group.join("w");
    group.add();
    group.claim(first.stream);
    group.state.disconnect(first.stream, first.connection, group.now);
    group.join("w");
    const auto effects = group.effects();
    ASSERT_EQ(effects.ended.size(), 1U);
    EXPECT_EQ(effects.ended[0].how, StreamEnd::superseded);
    ASSERT_EQ(effects.attempts.size(), 1U);
    EXPECT_EQ(effects.attempts[0].tries.counted, 1U);
}

TEST(delivery_redelivery, the_lowest_tag_overdue_takes_all_back_and_alone_counts) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    for (int i = 0; i < 3; ++i)
        group.add();
    group.claim(stream, 2);
    group.now += 30'000;
    group.claim(stream);
    group.pass(29'999);
    EXPECT_TRUE(group.effects().attempts.empty());
    group.pass(1);
    const auto attempts = group.effects().attempts;
    ASSERT_EQ(attempts.size(), 3U);
    EXPECT_EQ(attempts[0].tries.counted, 1U);
    EXPECT_EQ(attempts[0].tries.reason, ReturnReason::deadline);
    EXPECT_EQ(attempts[1].tries.counted, 0U);
    EXPECT_EQ(attempts[2].tries.counted, 0U);
    EXPECT_EQ(attempts[2].tries.attempt, 2U);
    EXPECT_EQ(group.claim(stream), (Seqs{1, 2, 3}));
}

TEST(delivery_redelivery, another_tag_overdue_comes_back_alone_and_does_not_count) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    for (int i = 0; i < 3; ++i)
        group.add();
    group.claim(stream);
    group.now += 30'000;
    EXPECT_EQ(group.state.extend(stream, Seqs{1, 3}, group.now), 0U);
    group.pass(30'000);
    const auto attempts = group.effects().attempts;
    ASSERT_EQ(attempts.size(), 1U);
    EXPECT_EQ(attempts[0].sequence, 2U);
    EXPECT_EQ(attempts[0].tries.counted, 0U);
    EXPECT_EQ(group.state.figures().unacknowledged, 2U);
}

TEST(delivery_redelivery, no_deadline_runs_while_the_stream_is_broken) {
    DeliverySettings settings;
    settings.lease_ms = 3'600'000;
    DeliveryGroup group(settings);
    const auto joined = group.join("w");
    group.add();
    group.claim(joined.stream);
    group.state.disconnect(joined.stream, joined.connection, group.now);
    group.pass(600'000);
    EXPECT_TRUE(group.effects().attempts.empty());
    group.resume("w", joined.stream, 1);
    group.pass(59'999);
    EXPECT_TRUE(group.effects().attempts.empty());
    group.pass(1);
    EXPECT_EQ(group.effects().attempts.size(), 1U);
}

TEST(delivery_redelivery, a_nack_counts_and_unhandled_does_not) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    group.add();
    for (std::uint32_t i = 1; i <= 20; ++i) {
        group.claim(stream);
        group.unhandled(stream, {1});
        const auto attempts = group.effects().attempts;
        ASSERT_EQ(attempts.size(), 1U);
        EXPECT_EQ(attempts[0].tries.attempt, i + 1);
        EXPECT_EQ(attempts[0].tries.counted, 0U);
    }
    for (std::uint32_t i = 1; i <= 4; ++i) {
        ASSERT_EQ(group.claim(stream), Seqs{1});
        group.nack(stream, {1});
        EXPECT_EQ(group.effects().attempts[0].tries.counted, i);
    }
    EXPECT_EQ(group.deliveries(stream)[0].attempt, 25U);
    group.nack(stream, {1});
    const auto effects = group.effects();
    ASSERT_EQ(effects.dead_letters.size(), 1U);
    EXPECT_EQ(effects.dead_letters[0].sequence, 1U);
    EXPECT_EQ(effects.dead_letters[0].attempt, 25U);
    EXPECT_EQ(effects.dead_letters[0].reason, ReturnReason::nack);
    EXPECT_TRUE(effects.settled.empty()); // first its row
    EXPECT_EQ(group.state.figures().events, 0U);
}

TEST(delivery_redelivery, a_delay_is_waited_for) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    group.add();
    group.add();
    group.claim(stream, 1);
    group.nack(stream, {1}, 5'000);
    EXPECT_EQ(group.state.figures().delayed, 1U);
    EXPECT_EQ(group.claim(stream), Seqs{2});
    group.pass(4'999);
    EXPECT_EQ(group.claim(stream), Seqs{});
    group.effects();
    group.pass(1);
    EXPECT_EQ(group.effects().ring, Seqs{stream});
    EXPECT_EQ(group.claim(stream), Seqs{1});
}

TEST(delivery_redelivery, a_delay_is_a_day_at_most) {
    DeliverySettings settings;
    settings.max_age_ms = std::int64_t{30} * 24 * 3'600'000;
    DeliveryGroup group(settings);
    const auto stream = group.join("w").stream;
    group.add();
    group.claim(stream);
    group.nack(stream, {1}, std::int64_t{1} << 60);
    group.pass(24 * 3'600'000 - 1);
    EXPECT_EQ(group.claim(stream), Seqs{});
    group.pass(1);
    EXPECT_EQ(group.claim(stream), Seqs{1});
}

TEST(delivery_redelivery, after_two_tries_an_event_goes_alone_and_others_go_on) {
    DeliveryGroup group;
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    group.add();
    group.try_in_vain(a, 1, 2);
    for (int i = 0; i < 4; ++i)
        group.add();
    EXPECT_EQ(group.claim(a), Seqs{1}); // it holds nothing
    EXPECT_EQ(group.claim(a), Seqs{});  // and gets nothing beside it
    EXPECT_EQ(group.claim(b), (Seqs{2, 3, 4, 5}));
    group.acknowledge(a, 3);
    group.add();
    EXPECT_EQ(group.claim(a), Seqs{6});
}

TEST(delivery_redelivery, one_member_is_kept_free_for_what_goes_alone) {
    DeliveryGroup group;
    const auto a = group.join("a", 2).stream;
    const auto b = group.join("b", 2).stream;
    group.add();
    group.try_in_vain(a, 1, 1);
    group.add();
    group.add();
    EXPECT_EQ(group.claim(a), (Seqs{1, 2}));
    EXPECT_EQ(group.claim(b), Seqs{3});
    group.nack(a, {1});
    for (int i = 0; i < 5; ++i)
        group.add();
    EXPECT_EQ(group.claim(a), Seqs{}); // kept free
    EXPECT_EQ(group.claim(b), Seqs{4});
    group.effects();
    group.acknowledge(a, 3);
    EXPECT_EQ(group.effects().ring, Seqs{a});
    EXPECT_EQ(group.claim(a), Seqs{1});
}

// Who holds something for long is not waited for once another one holds nothing.
TEST(delivery_redelivery, what_goes_alone_goes_to_who_holds_nothing_first) {
    DeliveryGroup group;
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    group.add();
    group.try_in_vain(a, 1, 1);
    group.add();
    group.add();
    group.claim(a);
    group.nack(a, {1});
    group.add();
    EXPECT_EQ(group.claim(b), Seqs{1});
    group.nack(b, {1}, 1000);
    EXPECT_EQ(group.claim(b), Seqs{4});
    group.pass(1000);
    EXPECT_EQ(group.claim(b), Seqs{}); // holds less than the other
    group.acknowledge(a, 1000);
    group.effects();
    EXPECT_EQ(group.claim(a), Seqs{1});
    group.add();
    EXPECT_EQ(group.claim(b), Seqs{5});
}

// A single worker has to do both: it takes turns.
TEST(delivery_redelivery, nothing_waits_for_ever_behind_what_goes_alone) {
    DeliverySettings settings;
    settings.max_deliver = 100;
    DeliveryGroup group(settings);
    const auto stream = group.join("w", 10).stream;
    group.add();
    group.add();
    group.claim(stream);
    group.nack(stream, {1, 2});
    group.claim(stream);
    group.nack(stream, {1, 2});
    for (int i = 0; i < 15; ++i)
        group.add();
    EXPECT_EQ(group.claim(stream), Seqs{1});
    group.nack(stream, {1});
    EXPECT_EQ(group.claim(stream).size(), 10U);
    group.acknowledge(stream, 1000);
    EXPECT_EQ(group.claim(stream), Seqs{1});
    group.acknowledge(stream, 1000);
    EXPECT_EQ(group.claim(stream).size(), 5U);
    group.acknowledge(stream, 1000);
    EXPECT_EQ(group.claim(stream), Seqs{2});
}

TEST(delivery_redelivery, a_poison_event_takes_no_neighbours_along) {
    DeliveryGroup group;
    for (int i = 0; i < 10; ++i)
        group.add();
    Seqs dead;
    for (int crash = 0; crash < 20; ++crash) {
        const auto joined = group.join("w");
        const auto sent = group.claim(joined.stream);
        const bool has_poison = std::find(sent.begin(), sent.end(), 5U) != sent.end();
        if (!has_poison) {
            group.acknowledge(joined.stream, 1000);
            continue;
        }
        group.state.disconnect(joined.stream, joined.connection, group.now);
        group.pass(10'000);
        for (const auto &letter : group.effects().dead_letters)
            dead.push_back(letter.sequence);
    }
    EXPECT_EQ(dead, Seqs{5});
    EXPECT_EQ(group.state.figures().acknowledged, 9U);
}

TEST(delivery_redelivery, a_requeued_dead_letter_keeps_its_id_and_begins_anew) {
    DeliverySettings settings;
    settings.max_deliver = 1;
    DeliveryGroup group(settings);
    const auto stream = group.join("w").stream;
    const DeliveryEvent event = group.event();
    group.state.add(event, false, group.now);
    group.claim(stream);
    group.nack(stream, {1});
    group.effects();
    group.add();
    group.now += 1000;
    EXPECT_TRUE(group.state.requeue(event, 1, group.now));
    EXPECT_FALSE(group.state.requeue(event, 1, group.now));
    const auto attempts = group.effects().attempts;
    ASSERT_EQ(attempts.size(), 1U);
    EXPECT_EQ(attempts[0].tries.attempt, 2U);
    EXPECT_EQ(attempts[0].tries.counted, 0U);
    const auto sent = group.deliveries(stream);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].sequence, 1U); // redeliveries go first
    EXPECT_EQ(sent[0].attempt, 2U);
    EXPECT_EQ(group.state.figures().oldest_ms, group.now);
}

TEST(delivery_redelivery, unread_events_beyond_a_smaller_window_or_another_filter_are_for_others) {
    DeliveryGroup group;
    const auto joined = group.join("w");
    for (std::uint32_t i = 0; i < 6; ++i)
        group.add(i == 2 ? 1 : 0);
    group.claim(joined.stream);
    group.state.disconnect(joined.stream, joined.connection, group.now);
    group.resume("w", joined.stream, 1, 3, 1);
    EXPECT_EQ(group.claim(joined.stream), (Seqs{2, 4}));
    EXPECT_EQ(group.claim(group.join("v").stream), (Seqs{3, 5, 6}));
}

} // namespace
