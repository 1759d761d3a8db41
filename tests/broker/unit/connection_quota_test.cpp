#include "hub/connection_quota.h"

#include <gtest/gtest.h>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace {

using webrocket::ConnectionQuota;

TEST(connection_quota, is_taken_and_given_back) {
    ConnectionQuota quota(2);
    const auto first = quota.take();
    auto second = quota.take();
    EXPECT_TRUE(first && second);
    EXPECT_FALSE(quota.take());
    EXPECT_EQ(quota.taken(), 2U);
    auto moved = std::move(second);
    second.give_back();
    EXPECT_EQ(quota.taken(), 2U);
    moved.give_back();
    EXPECT_EQ(quota.taken(), 1U);
    moved.give_back();
    EXPECT_EQ(quota.taken(), 1U);
    EXPECT_TRUE(quota.take());
}

TEST(connection_quota, those_that_are_taken_stay_when_it_shrinks) {
    ConnectionQuota quota(2);
    const auto first = quota.take();
    auto second = quota.take();
    quota.set_max(1);
    EXPECT_EQ(quota.taken(), 2U);
    second.give_back();
    EXPECT_FALSE(quota.take());
    quota.set_max(2);
    EXPECT_TRUE(quota.take());
}

TEST(connection_quota, a_slot_may_outlive_it) {
    std::optional<ConnectionQuota> quota(1);
    auto slot = quota->take();
    quota.reset();
    slot.give_back();
}

TEST(connection_quota, many_threads_get_no_more_than_there_are) {
    constexpr std::size_t max = 100;
    ConnectionQuota quota(max);
    std::vector<std::vector<ConnectionQuota::Slot>> got(4);
    std::vector<std::thread> threads;
    for (auto &mine : got)
        threads.emplace_back([&quota, &mine] {
            for (std::size_t i = 0; i < max; ++i) {
                if (auto slot = quota.take())
                    mine.push_back(std::move(slot));
            }
        });
    for (auto &thread : threads)
        thread.join();
    std::size_t all = 0;
    for (const auto &mine : got)
        all += mine.size();
    EXPECT_LE(all, max);
    EXPECT_EQ(quota.taken(), all);
    got.clear();
    EXPECT_EQ(quota.taken(), 0U);
}

} // namespace
