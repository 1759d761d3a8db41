#include "base/line_pause.h"

#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using webrocket::LinePause;

const LinePause::Clock::time_point start{1h};

TEST(line_pause, the_first_line_is_written_at_once) { EXPECT_TRUE(LinePause().is_over(start)); }

TEST(line_pause, the_next_one_a_minute_later) {
    LinePause pause;
    ASSERT_TRUE(pause.is_over(start));
    EXPECT_FALSE(pause.is_over(start));
    EXPECT_FALSE(pause.is_over(start + 1min - 1ns));
    EXPECT_TRUE(pause.is_over(start + 1min));
    EXPECT_FALSE(pause.is_over(start + 2min - 1ns));
}

TEST(line_pause, what_was_not_written_delays_nothing) {
    LinePause pause;
    ASSERT_TRUE(pause.is_over(start));
    for (auto later = start; later < start + 1min; later += 1s)
        pause.is_over(later);
    EXPECT_TRUE(pause.is_over(start + 1min));
}

TEST(line_pause, of_many_threads_one_writes) {
    LinePause pause;
    std::atomic<int> lines = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int n = 0; n < 1000; ++n)
                lines += pause.is_over(start) ? 1 : 0;
        });
    for (auto &thread : threads)
        thread.join();
    EXPECT_EQ(lines, 1);
}

} // namespace
