// What a vhost may publish in a second, times its listeners.
#include "hub/fan_out_budget.h"

#include <array>
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using namespace webrocket;
using namespace std::chrono_literals;

constexpr std::size_t limit = 1000000;

class fan_out_budget : public testing::Test {
  protected:
    // How many of so many bytes each are allowed now.
    std::size_t allowed(std::uint64_t bytes, std::size_t tries = 100000) {
        std::size_t count = 0;
        while (count < tries && budget_.settle(tab_, bytes, now_))
            ++count;
        return count;
    }

    FanOutBudget budget_{"/vhost", limit};
    FanOutBudget::Tab tab_;
    FanOutBudget::Clock::time_point now_ = FanOutBudget::Clock::now();
};

TEST_F(fan_out_budget, is_a_second_s_at_once_and_then_as_much_a_second) {
    EXPECT_NEAR(static_cast<double>(allowed(1000)), 1000, 1.1);
    EXPECT_EQ(allowed(1000), 0U);
    now_ += 500ms;
    EXPECT_NEAR(static_cast<double>(allowed(1000)), 500, 1.1);
    now_ += 60s;
    EXPECT_NEAR(static_cast<double>(allowed(1000)), 1000, 1.1);
}

TEST_F(fan_out_budget, lets_pass_what_is_larger_than_all_of_it) {
    EXPECT_EQ(allowed(limit * 5), 1U);
    EXPECT_EQ(budget_.wait(now_), 4s);
    now_ += 3900ms;
    EXPECT_EQ(allowed(1), 0U);
    EXPECT_EQ(budget_.wait(now_), 1s);
    now_ += 200ms;
    EXPECT_GT(allowed(1), 0U);
}

TEST_F(fan_out_budget, has_none_where_it_is_0) {
    budget_.set_limit(0);
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(budget_.allows(tab_, std::uint64_t{1} << 40));
    // What was published until then does not count.
    budget_.set_limit(limit);
    EXPECT_NEAR(static_cast<double>(allowed(1000)), 1000, 1.1);
}

TEST_F(fan_out_budget, counts_what_cannot_be_refused) {
    budget_.charge(tab_, limit * 3);
    EXPECT_EQ(allowed(1), 1U);
    EXPECT_EQ(allowed(1), 0U);
}

TEST_F(fan_out_budget, is_one_for_all_channels) {
    // Each keeps a little to itself; of a thousand that is a quarter of a second's at most.
    std::vector<FanOutBudget::Tab> tabs(1000);
    std::uint64_t published = 0;
    const auto begin = FanOutBudget::Clock::now();
    for (int round = 0; round < 100; ++round) {
        for (auto &tab : tabs)
            published += budget_.allows(tab, 100) ? 100 : 0;
    }
    EXPECT_GT(published, limit * 9 / 10);
    const std::chrono::duration<double> elapsed = FanOutBudget::Clock::now() - begin;
    EXPECT_LT(static_cast<double>(published), limit * (1.4 + elapsed.count()));
}

TEST_F(fan_out_budget, is_kept_by_threads_together) {
    std::atomic<std::uint64_t> published = 0;
    std::array<std::thread, 4> threads;
    const auto publish = [&] {
        FanOutBudget::Tab tab;
        for (int i = 0; i < 100000; ++i)
            published += budget_.settle(tab, 100, now_) ? 100 : 0;
    };
    for (auto &thread : threads)
        thread = std::thread(publish);
    for (auto &thread : threads)
        thread.join();
    EXPECT_NEAR(static_cast<double>(published), limit, 500);
}

} // namespace
