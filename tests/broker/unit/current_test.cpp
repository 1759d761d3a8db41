// A value that is replaced while others read it.
#include "base/current.h"

#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <vector>

namespace {

using webrocket::Current;

TEST(current, a_reader_has_the_last_value) {
    Current<std::string> current("one");
    Current<std::string>::Reader reader(current);
    const std::string &one = reader.get();
    EXPECT_EQ(one, "one");
    current.set("two");
    EXPECT_EQ(one, "one"); // until it is asked again
    EXPECT_EQ(reader.get(), "two");
    EXPECT_EQ(reader.get(), "two");
    EXPECT_EQ(*current.get(), "two");
}

TEST(current, readers_of_other_threads_see_one_value_after_the_other) {
    constexpr int last = 10'000;
    Current<int> current(0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&current] {
            Current<int>::Reader reader(current);
            int seen = 0;
            while (seen < last) {
                const int now = reader.get();
                EXPECT_GE(now, seen);
                seen = now;
            }
        });
    for (int value = 1; value <= last; ++value)
        current.set(value);
    for (auto &thread : threads)
        thread.join();
}

} // namespace
