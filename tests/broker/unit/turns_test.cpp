// How those who want something of a loop come one after the other.
#include "net/turns.h"

#include <array>
#include <gtest/gtest.h>
#include <limits>
#include <string>

namespace {

using webrocket::Turns;

constexpr std::uint64_t quantum = 10;
constexpr std::uint64_t without_end = std::numeric_limits<std::uint64_t>::max();

// Items are letters; a capital is of one tenant, a small one of another.
class turns : public testing::Test {
  protected:
    static const void *tenant_of(char item) {
        static const std::array<int, 3> tenants{};
        return item >= 'a' ? &tenants[0] : item >= 'A' ? &tenants[1] : &tenants[2];
    }
    void wait(const std::string &items) {
        for (const char item : items)
            turns_.wait(tenant_of(item), item);
    }
    // Who is served, each at the same cost.
    std::string served(std::uint64_t cost, std::uint64_t limit = without_end) {
        std::string order;
        turns_.serve(limit, [&](char item) {
            order += item;
            return cost;
        });
        return order;
    }

    Turns<char> turns_{quantum};
};

TEST_F(turns, of_one_tenant_are_in_the_order_in_which_they_came) {
    wait("abcdef");
    EXPECT_FALSE(turns_.are_shared());
    EXPECT_EQ(served(100), "abcdef");
    EXPECT_TRUE(turns_.empty());
}

TEST_F(turns, end_where_enough_is_used) {
    wait("abc");
    EXPECT_EQ(served(10, 15), "ab");
    EXPECT_FALSE(turns_.empty());
    EXPECT_EQ(served(10, 15), "c");
}

TEST_F(turns, tenants_alternate) {
    wait("abcdefABC");
    EXPECT_TRUE(turns_.are_shared());
    EXPECT_EQ(served(10), "aAbBcCdef");
    EXPECT_FALSE(turns_.are_shared());
}

TEST_F(turns, of_little_come_more_at_a_time) {
    wait("abcdefABC");
    EXPECT_EQ(served(5), "abABcdCef");
}

// However many of the one there are, the other waits for one of them.
TEST_F(turns, who_comes_now_and_then_comes_soon) {
    wait(std::string(1000, 'a'));
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(served(10, 10), "a");
        wait("aA");
        const auto order = served(10, 20);
        EXPECT_NE(order.find('A'), std::string::npos) << i << order;
    }
}

// One whose items cost twenty times as much is served as many times less.
TEST_F(turns, share_what_is_used_and_not_how_often) {
    std::uint64_t used_by_dear = 0;
    std::uint64_t used_by_cheap = 0;
    wait("aA");
    for (int i = 0; i < 5000; ++i) {
        turns_.serve(1, [&](char item) -> std::uint64_t {
            // At once it wants more: none of them ever saves up.
            wait(std::string(1, item));
            const std::uint64_t cost = item == 'a' ? 20 * quantum : quantum;
            (item == 'a' ? used_by_dear : used_by_cheap) += cost;
            return cost;
        });
    }
    EXPECT_NEAR(static_cast<double>(used_by_dear), static_cast<double>(used_by_cheap),
                21.0 * quantum);
}

TEST_F(turns, who_is_away_for_a_moment_still_owes) {
    wait("aABCDEFGH");
    EXPECT_EQ(served(40, 40), "a");
    wait("b");
    EXPECT_EQ(served(10, 40), "ABCD");
    EXPECT_EQ(served(10), "bEFGH");
}

// Nobody is served alone who has not come: there is nothing to wait for.
TEST_F(turns, of_one_in_debt_go_on_where_nobody_else_waits) {
    wait("aA");
    EXPECT_EQ(served(10000, 1), "a");
    EXPECT_EQ(served(1), "A");
    wait("b");
    EXPECT_EQ(served(1), "b");
}

} // namespace
