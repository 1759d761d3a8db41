#include "hub/tokens.h"

#include <atomic>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using namespace webrocket;

TEST(tokens, one_of_many_threads_spends_a_token) {
    Tokens tokens("/v", {});
    for (int round = 0; round < 200; ++round) {
        const std::string token = tokens.issue({"joe", ".*"});
        std::atomic<int> spent = 0;
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                if (const auto permission = tokens.spend(token);
                    permission && permission->uid == "joe")
                    ++spent;
            });
        for (auto &thread : threads)
            thread.join();
        ASSERT_EQ(spent, 1);
    }
}

TEST(tokens, the_oldest_give_way_and_are_counted) {
    TokenLimits limits;
    limits.outstanding_max = 2;
    Tokens tokens("/v", limits);
    const std::string first = tokens.issue({"a", ".*"});
    const std::string second = tokens.issue({"b", ".*"});
    EXPECT_EQ(tokens.displaced(), 0U);
    const std::string third = tokens.issue({"c", ".*"});
    EXPECT_EQ(tokens.displaced(), 1U);
    EXPECT_EQ(tokens.spend(first), nullptr);
    EXPECT_EQ(tokens.spend(second)->uid, "b");
    EXPECT_EQ(tokens.spend(third)->uid, "c");
}

TEST(tokens, limits_hold_for_those_that_are_issued_then) {
    Tokens tokens("/v", {});
    const std::string kept = tokens.issue({"a", ".*"});
    TokenLimits limits;
    limits.lifetime = std::chrono::milliseconds(0);
    tokens.set_limits(limits);
    const std::string expired = tokens.issue({"b", ".*"});
    EXPECT_EQ(tokens.spend(expired), nullptr);
    EXPECT_EQ(tokens.spend(kept)->uid, "a");
}

} // namespace
