// Members of a reliable group: filters, leases, who is rung.
#include "delivery_group.h"

#include <gtest/gtest.h>
#include <string>

namespace {

using namespace webrocket;
using namespace webrocket::test;

using Filters = std::vector<std::uint32_t>;

TEST(delivery_members, a_group_wants_what_any_member_matches_until_its_lease_ends) {
    DeliveryGroup group;
    EXPECT_EQ(group.state.wanted_filters(), Filters{});
    const auto a = group.join("a", 256, 1);
    group.join("b", 256, 2);
    EXPECT_TRUE(group.effects().have_filters_changed);
    EXPECT_EQ(group.state.wanted_filters(), (Filters{1, 2}));
    group.state.disconnect(a.stream, a.connection, group.now);
    EXPECT_EQ(group.state.wanted_filters(), (Filters{1, 2}));
    EXPECT_FALSE(group.effects().have_filters_changed);
    group.pass(10'000);
    EXPECT_EQ(group.state.wanted_filters(), Filters{2});
    EXPECT_TRUE(group.effects().have_filters_changed);
}

// All of them, also if one of the leases ends a little before the other.
TEST(delivery_members, without_members_the_last_filters_stay) {
    DeliveryGroup group;
    const auto a = group.join("a", 256, 1);
    const auto b = group.join("b", 256, 2);
    group.state.disconnect(a.stream, a.connection, group.now);
    group.now += 500;
    group.state.disconnect(b.stream, b.connection, group.now);
    group.pass(9'500);
    EXPECT_EQ(group.state.wanted_filters(), (Filters{1, 2}));
    group.pass(60'000);
    EXPECT_FALSE(group.state.has_members());
    EXPECT_EQ(group.state.wanted_filters(), (Filters{1, 2}));
    group.join("c", 256, 4);
    EXPECT_EQ(group.state.wanted_filters(), Filters{4});
}

TEST(delivery_members, a_filter_that_was_put_counts_until_the_first_member) {
    DeliveryGroup group;
    group.state.set_last_filters(Filters{5, 3});
    EXPECT_EQ(group.state.wanted_filters(), (Filters{3, 5}));
    EXPECT_TRUE(group.effects().have_filters_changed);
    group.join("a", 256, 1);
    EXPECT_EQ(group.state.wanted_filters(), Filters{1});
    group.state.set_last_filters(Filters{5});
    EXPECT_EQ(group.state.wanted_filters(), Filters{1});
}

TEST(delivery_members, a_rolling_deployment_loses_nothing) {
    DeliveryGroup group;
    const auto old_one = group.join("old", 256, 1);
    group.add(0);
    group.add(0);
    const auto new_one = group.join("new", 256, 2);
    group.add(1);
    EXPECT_EQ(group.claim(new_one.stream), Seqs{3});
    group.state.disconnect(old_one.stream, old_one.connection, group.now);
    group.pass(10'000);
    EXPECT_EQ(group.state.figures().unmatched, 2U);
    EXPECT_EQ(group.claim(new_one.stream), Seqs{});
    const auto back = group.join("old", 256, 1).stream;
    EXPECT_EQ(group.state.figures().unmatched, 0U);
    EXPECT_EQ(group.claim(back), (Seqs{1, 2}));
}

class Cuts final : public TopicMatcher {
  public:
    bool matches(std::uint32_t filter, std::uint32_t topic) const override {
        return (topic * 2'654'435'761U >> 16 >> filter & 1U) != 0;
    }
    // By one of the first so many filters.
    bool matches_one_of(std::uint32_t filters, std::uint32_t topic) const {
        bool is_matched = false;
        for (std::uint32_t filter = 0; filter < filters; ++filter)
            is_matched = is_matched || matches(filter, topic);
        return is_matched;
    }
};

// Fourteen filters can cut the topics into 16 384 parts, more than there are queues for.
TEST(delivery_members, filters_may_cut_topics_into_any_number_of_parts) {
    const Cuts cuts;
    DeliveryState state({}, cuts, 0);
    const std::string names = "abcdefghijklmn";
    std::vector<Joined> members;
    for (std::uint32_t i = 0; i < 14; ++i)
        members.push_back(state.join({std::string_view(names).substr(i, 1), i, 10'000, 0, 0}, 0));
    constexpr std::uint32_t topics = 6000;
    for (std::uint32_t topic = 0; topic < topics; ++topic)
        state.add({topic + 1, 1, topic, 0, 0, 0, 0}, false, 0);
    std::vector<bool> has_come(topics);
    const auto claim_all = [&](std::uint32_t filters) {
        for (std::uint32_t i = 0; i < filters; ++i) {
            std::vector<Delivery> sent;
            state.claim(members[i].stream, topics, sent, 0);
            for (const Delivery &delivery : sent) {
                EXPECT_TRUE(cuts.matches(i, delivery.topic));
                EXPECT_FALSE(has_come[delivery.topic]);
                has_come[delivery.topic] = true;
            }
        }
        for (std::uint32_t topic = 0; topic < topics; ++topic)
            EXPECT_EQ(has_come[topic], cuts.matches_one_of(filters, topic)) << topic;
    };
    claim_all(14);
    for (const Joined &member : members)
        state.disconnect(member.stream, member.connection, 0);
    has_come.assign(topics, false);
    state.advance(10'000);
    EXPECT_EQ(state.figures().unacknowledged, 0U);
    for (std::uint32_t i = 0; i < 4; ++i)
        members[i] = state.join({std::string_view(names).substr(i, 1), i, 10'000, 0, 0}, 10'000);
    claim_all(4);
}

TEST(delivery_members, there_are_only_so_many) {
    DeliveryGroup group;
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(group.join("w" + std::to_string(i)).obstacle, JoinObstacle::none);
    EXPECT_EQ(group.join("one more").obstacle, JoinObstacle::too_many_members);
    EXPECT_EQ(group.join("w7").obstacle, JoinObstacle::none); // in its own place
    EXPECT_EQ(group.state.figures().members, 1000U);
}

TEST(delivery_members, there_are_only_so_many_filters) {
    DeliveryGroup group;
    for (std::uint32_t i = 0; i < 64; ++i)
        EXPECT_EQ(group.join("w" + std::to_string(i), 256, i).obstacle, JoinObstacle::none);
    EXPECT_EQ(group.join("other", 256, 99).obstacle, JoinObstacle::too_many_filters);
    EXPECT_EQ(group.join("same", 256, 63).obstacle, JoinObstacle::none);
    EXPECT_EQ(group.join("w7", 256, 99).obstacle, JoinObstacle::none); // instead of its old one
    EXPECT_EQ(group.state.figures().members, 65U);
}

TEST(delivery_members, a_topic_is_matched_once) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    for (int i = 0; i < 100; ++i)
        group.add(i % 2 == 0 ? 3 : 4);
    EXPECT_EQ(group.topics.asked, 2U);
    group.acknowledge(stream, 0, group.claim(stream));
    group.add(3); // it may be another topic's number by now
    EXPECT_EQ(group.topics.asked, 3U);
}

TEST(delivery_members, one_who_sleeps_is_rung_for_each_event) {
    DeliveryGroup group;
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    group.claim(a);
    group.claim(b);
    EXPECT_TRUE(group.effects().ring.empty());
    group.add();
    EXPECT_EQ(group.effects().ring, Seqs{a});
    group.add();
    EXPECT_EQ(group.effects().ring, Seqs{b});
    group.add();
    EXPECT_TRUE(group.effects().ring.empty()); // both are on their way
    EXPECT_EQ(group.claim(a), (Seqs{1, 2, 3}));
}

TEST(delivery_members, who_cannot_send_passes_the_ring_on) {
    DeliveryGroup group;
    const auto a = group.join("a").stream;
    const auto b = group.join("b");
    group.claim(a);
    group.claim(b.stream);
    group.add();
    EXPECT_EQ(group.effects().ring, Seqs{a});
    group.claim(a, 0);
    EXPECT_EQ(group.effects().ring, Seqs{b.stream});
    group.claim(a, 1);
    group.add();
    group.add();
    group.claim(a, 1);
    group.effects();
    group.claim(b.stream);
    group.claim(a);
    group.add();
    group.state.disconnect(a, 1, group.now);
    group.effects();
    group.claim(b.stream);
    EXPECT_EQ(group.state.figures().unacknowledged, 4U);
}

TEST(delivery_members, who_left_after_the_ring_passes_it_on) {
    DeliveryGroup group;
    const auto a = group.join("a");
    const auto b = group.join("b").stream;
    group.claim(a.stream);
    group.claim(b);
    group.add();
    EXPECT_EQ(group.effects().ring, Seqs{a.stream});
    group.state.disconnect(a.stream, a.connection, group.now);
    EXPECT_EQ(group.effects().ring, Seqs{b});
}

TEST(delivery_members, a_full_window_is_rung_once_there_is_room) {
    DeliveryGroup group;
    const auto stream = group.join("w", 2).stream;
    for (int i = 0; i < 4; ++i)
        group.add();
    group.claim(stream);
    EXPECT_TRUE(group.effects().ring.empty());
    group.acknowledge(stream, 1);
    EXPECT_EQ(group.effects().ring, Seqs{stream});
}

TEST(delivery_members, lease_and_deadline_hold_for_a_stream) {
    DeliveryGroup group;
    const auto joined = group.join("w");
    EXPECT_EQ(joined.lease_ms, 10'000);
    EXPECT_EQ(joined.ack_deadline_ms, 60'000);
    DeliverySettings settings;
    settings.lease_ms = 2'000;
    settings.ack_deadline_ms = 3'000;
    group.state.set_settings(settings, group.now);
    group.add();
    group.claim(joined.stream);
    group.pass(3'000);
    EXPECT_EQ(group.state.figures().unacknowledged, 1U);
    group.state.disconnect(joined.stream, joined.connection, group.now);
    group.pass(2'000);
    EXPECT_EQ(group.resume("w", joined.stream, 1).lease_ms, 10'000);
    EXPECT_EQ(group.join("w").lease_ms, 2'000);
}

TEST(delivery_members, they_are_listed_by_name) {
    DeliveryGroup group;
    group.join("b", 7, 2);
    const auto a = group.join("a", 5, 1);
    group.add();
    group.claim(a.stream);
    group.state.disconnect(a.stream, a.connection, group.now);
    const auto members = group.state.members();
    ASSERT_EQ(members.size(), 2U);
    EXPECT_EQ(members[0].name, "a");
    EXPECT_EQ(members[0].stream, a.stream);
    EXPECT_EQ(members[0].unacknowledged, 1U);
    EXPECT_FALSE(members[0].is_connected);
    EXPECT_EQ(members[1].window, 7U);
    EXPECT_EQ(members[1].filter, 2U);
    EXPECT_TRUE(members[1].is_connected);
}

TEST(delivery_members, since_when_there_is_none) {
    DeliveryGroup group;
    const std::int64_t start = group.now;
    EXPECT_EQ(group.state.memberless_since_ms(), start);
    const auto joined = group.join("w");
    EXPECT_EQ(group.state.memberless_since_ms(), INT64_MAX);
    group.state.disconnect(joined.stream, joined.connection, group.now);
    EXPECT_LE(group.state.next_deadline(), group.now + 10'000);
    group.pass(12'000);
    EXPECT_EQ(group.state.memberless_since_ms(), group.now);
}

} // namespace
