// Reliable groups with an order: of one key at most one event is out.
#include "delivery_group.h"

#include <gtest/gtest.h>

namespace {

using namespace webrocket;
using namespace webrocket::test;

class KeyOne final : public EventKeys {
  public:
    std::uint64_t key_of(std::uint64_t, std::uint64_t cookie) const override {
        cookies.push_back(cookie);
        return 1;
    }
    mutable Seqs cookies;
};

TEST(delivery_order, of_one_key_one_event_is_unacknowledged_whoever_has_it) {
    DeliveryGroup group(ordered());
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    group.add(0, 7);
    group.add(0, 7);
    group.add(0, 8);
    group.add(0, 7);
    EXPECT_EQ(group.claim(a), (Seqs{1, 3}));
    EXPECT_EQ(group.claim(b), Seqs{});
    group.effects();
    group.acknowledge(a, 1);
    EXPECT_FALSE(group.effects().ring.empty());
    EXPECT_EQ(group.claim(b), Seqs{2});
    EXPECT_EQ(group.claim(a), Seqs{});
    group.acknowledge(b, 1);
    EXPECT_EQ(group.claim(a), Seqs{4});
}

TEST(delivery_order, without_an_order_keys_mean_nothing) {
    DeliveryGroup group;
    const auto stream = group.join("w").stream;
    group.add(0, 7);
    group.add(0, 7);
    EXPECT_EQ(group.claim(stream), (Seqs{1, 2}));
}

TEST(delivery_order, without_a_key_nothing_waits) {
    DeliveryGroup group(ordered());
    const auto stream = group.join("w").stream;
    group.add(0, 0);
    group.add(0, 0);
    EXPECT_EQ(group.claim(stream), (Seqs{1, 2}));
}

TEST(delivery_order, a_nacked_event_holds_back_its_key_until_it_comes_again) {
    DeliveryGroup group(ordered());
    const auto stream = group.join("w").stream;
    group.add(0, 7);
    group.add(0, 7);
    group.add(0, 8);
    group.claim(stream);
    group.nack(stream, {1}, 5'000);
    EXPECT_EQ(group.claim(stream), Seqs{});
    group.pass(5'000);
    EXPECT_EQ(group.claim(stream), Seqs{1});
    group.acknowledge(stream, 0, {1});
    EXPECT_EQ(group.claim(stream), Seqs{2});
}

TEST(delivery_order, a_delay_is_held_to_a_minute) {
    DeliveryGroup group(ordered());
    const auto stream = group.join("w").stream;
    group.add(0, 7);
    group.claim(stream);
    group.nack(stream, {1}, 3'600'000);
    group.pass(59'999);
    EXPECT_EQ(group.claim(stream), Seqs{});
    group.pass(1);
    EXPECT_EQ(group.claim(stream), Seqs{1});
}

TEST(delivery_order, a_dead_letter_lets_its_key_go_on) {
    DeliverySettings settings = ordered();
    settings.max_deliver = 1;
    DeliveryGroup group(settings);
    const auto stream = group.join("w").stream;
    group.add(0, 7);
    group.add(0, 7);
    group.claim(stream);
    group.nack(stream, {1}, 1000);
    EXPECT_EQ(group.effects().dead_letters.size(), 1U);
    EXPECT_EQ(group.claim(stream), Seqs{2});
}

TEST(delivery_order, an_expired_event_lets_its_key_go_on) {
    DeliverySettings settings = ordered();
    settings.max_age_ms = 10'000;
    DeliveryGroup group(settings);
    group.add(0, 7);
    group.now += 5'000;
    group.add(0, 7);
    group.pass(5'000);
    EXPECT_EQ(group.claim(group.join("w").stream), Seqs{2});
}

TEST(delivery_order, what_goes_alone_holds_back_its_key_and_nothing_else) {
    DeliveryGroup group(ordered());
    const auto a = group.join("a").stream;
    const auto b = group.join("b").stream;
    group.add(0, 7);
    group.try_in_vain(a, 1, 2);
    group.add(0, 7);
    group.add(0, 8);
    EXPECT_EQ(group.claim(a), Seqs{1});
    EXPECT_EQ(group.claim(b), Seqs{3});
    group.acknowledge(a, 1000);
    EXPECT_EQ(group.claim(b), Seqs{2});
}

TEST(delivery_order, what_no_member_matches_waits_and_holds_back_nothing) {
    DeliveryGroup group(ordered());
    const auto a = group.join("a", 256, 1).stream;
    group.add(1, 7);
    group.add(0, 7);
    group.add(0, 7);
    EXPECT_EQ(group.state.figures().unmatched, 1U);
    EXPECT_EQ(group.claim(a), Seqs{2});
    const auto b = group.join("b", 256, 3).stream;
    EXPECT_EQ(group.state.figures().unmatched, 0U);
    EXPECT_EQ(group.claim(b), Seqs{}); // another one of its key is out
    group.acknowledge(a, 1);
    EXPECT_EQ(group.claim(a), Seqs{}); // the older one is for the other member
    EXPECT_EQ(group.claim(b), Seqs{1});
}

TEST(delivery_order, what_no_member_matches_any_more_lets_its_key_go) {
    DeliveryGroup group(ordered());
    const auto a = group.join("a", 256, 1);
    const auto b = group.join("b", 1, 2);
    group.add(1, 9);
    group.add(1, 7);
    group.add(0, 7);
    EXPECT_EQ(group.claim(b.stream), Seqs{1});
    EXPECT_EQ(group.claim(a.stream), Seqs{});
    group.state.disconnect(b.stream, b.connection, group.now);
    group.effects();
    group.pass(10'000);
    EXPECT_EQ(group.effects().ring, Seqs{a.stream});
    EXPECT_EQ(group.claim(a.stream), Seqs{3});
    EXPECT_EQ(group.state.figures().unmatched, 2U);
}

TEST(delivery_order, it_changes_only_without_a_member) {
    DeliveryGroup group;
    const auto joined = group.join("w");
    const KeyOne keys;
    EXPECT_FALSE(group.state.set_order(true, keys));
    group.state.disconnect(joined.stream, joined.connection, group.now);
    EXPECT_FALSE(group.state.set_order(true, keys));
    group.pass(10'000);
    group.add(0, 5);
    group.add(0, 6);
    EXPECT_TRUE(group.state.set_order(true, keys));
    EXPECT_EQ(keys.cookies, (Seqs{1001, 1002}));
    EXPECT_TRUE(group.state.settings().is_ordered);
    const auto stream = group.join("w").stream;
    EXPECT_EQ(group.claim(stream), Seqs{1});
    group.acknowledge(stream, 1);
    EXPECT_EQ(group.claim(stream), Seqs{2});
}

TEST(delivery_order, put_does_not_change_it_by_the_way) {
    DeliveryGroup group(ordered());
    group.state.set_settings({}, group.now);
    EXPECT_TRUE(group.state.settings().is_ordered);
}

} // namespace
