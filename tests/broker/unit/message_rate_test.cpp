// How fast a peer may speak.
#include "base/message_rate.h"

#include <chrono>
#include <gtest/gtest.h>

namespace {

using std::chrono::milliseconds;
using webrocket::MessageRate;
using webrocket::RateLimit;

const auto start = MessageRate::Clock::now();

int allowed(MessageRate &rate, const RateLimit &limit, int tries,
            MessageRate::Clock::time_point now) {
    int count = 0;
    for (int i = 0; i < tries; ++i)
        count += rate.allows(limit, 1, now) ? 1 : 0;
    return count;
}

TEST(message_rate, a_burst_and_then_so_many_a_second) {
    const RateLimit limit(10);
    MessageRate rate(limit, start);
    EXPECT_EQ(allowed(rate, limit, 20, start), 10);
    EXPECT_EQ(allowed(rate, limit, 20, start + milliseconds(500)), 5);
    EXPECT_EQ(allowed(rate, limit, 20, start + milliseconds(60000)), 10);
}

TEST(message_rate, what_comes_at_once_may_be_more_than_what_comes_in_a_second) {
    const RateLimit limit(10, 100);
    MessageRate rate(limit, start);
    EXPECT_FALSE(rate.allows(limit, 101, start));
    EXPECT_TRUE(rate.allows(limit, 100, start));
    EXPECT_FALSE(rate.allows(limit, 11, start + milliseconds(1000)));
    EXPECT_TRUE(rate.allows(limit, 10, start + milliseconds(1000)));
}

// Parts of a millisecond are not lost, however often it is asked.
TEST(message_rate, whoever_asks_often_gets_no_less) {
    const RateLimit limit(1000, 1);
    MessageRate rate(limit, start);
    int count = 0;
    for (int i = 0; i < 10'000; ++i)
        count += allowed(rate, limit, 1, start + std::chrono::microseconds(100) * i);
    EXPECT_NEAR(count, 1000, 2);
}

TEST(message_rate, no_silence_is_too_long) {
    const RateLimit limit(10);
    MessageRate rate(limit, start);
    auto now = start;
    for (const int days : {1, 24, 25, 49, 50, 1000}) {
        now += std::chrono::hours(24) * days;
        EXPECT_LE(allowed(rate, limit, 20, now), 10) << days;
        EXPECT_EQ(allowed(rate, limit, 20, now + milliseconds(1000)), 10) << days;
    }
}

TEST(message_rate, none_is_no_limit) {
    EXPECT_FALSE(RateLimit(0).exists());
    EXPECT_TRUE(RateLimit(1).exists());
}

} // namespace
