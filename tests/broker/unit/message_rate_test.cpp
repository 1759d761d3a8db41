// How fast a peer may speak.
#include "base/message_rate.h"

#include <gtest/gtest.h>

namespace {

using std::chrono::milliseconds;
using webrocket::MessageRate;

int allowed(MessageRate &rate, int tries, MessageRate::Clock::time_point now) {
    int count = 0;
    for (int i = 0; i < tries; ++i)
        count += rate.allows(1, now) ? 1 : 0;
    return count;
}

TEST(message_rate, a_burst_and_then_so_many_a_second) {
    MessageRate rate(10);
    const auto start = MessageRate::Clock::now();
    EXPECT_EQ(allowed(rate, 20, start), 10);
    EXPECT_EQ(allowed(rate, 20, start + milliseconds(500)), 5);
    EXPECT_EQ(allowed(rate, 20, start + milliseconds(60000)), 10);
}

TEST(message_rate, what_comes_at_once_may_be_more_than_what_comes_in_a_second) {
    MessageRate rate(10, 100);
    const auto start = MessageRate::Clock::now();
    EXPECT_FALSE(rate.allows(101, start));
    EXPECT_TRUE(rate.allows(100, start));
    EXPECT_FALSE(rate.allows(11, start + milliseconds(1000)));
    EXPECT_TRUE(rate.allows(10, start + milliseconds(1000)));
}

TEST(message_rate, none_is_no_limit) {
    EXPECT_FALSE(MessageRate(0).is_limited());
    EXPECT_TRUE(MessageRate(1).is_limited());
}

} // namespace
