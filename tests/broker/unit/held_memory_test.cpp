// What is held for peers is counted, by whichever thread takes it and whichever gives it back.
#include "net/held_memory.h"

#include "net/outbound_queue.h"
#include "net/shared_bytes.h"

#include <gtest/gtest.h>
#include <string>
#include <thread>
#include <utility>

namespace {

using namespace webrocket;

constexpr std::size_t large = 100000;

TEST(held_memory, is_counted_as_long_as_it_is_there) {
    const auto before = held_memory::total();
    {
        const auto bytes = share(std::string(large, 'x'));
        const auto shared = bytes; // NOLINT(performance-unnecessary-copy-initialization)
        EXPECT_GE(held_memory::total(), before + large);
        EXPECT_LT(held_memory::total(), before + 2 * large);
        const Frame frame(bytes);
        EXPECT_LT(held_memory::total(), before + 2 * large);
        const Frame own = make_frame(std::string(large, 'x'));
        EXPECT_GE(held_memory::total(), before + 2 * large);
    }
    EXPECT_EQ(held_memory::total(), before);
}

TEST(held_memory, may_be_given_back_by_another_thread) {
    const auto before = held_memory::total();
    auto bytes = share(std::string(large, 'x'));
    const auto taken_here = held_memory::of_this_thread();
    std::thread([&bytes] { bytes.reset(); }).join();
    EXPECT_EQ(held_memory::total(), before);
    EXPECT_EQ(held_memory::of_this_thread(), taken_here);
    // What was counted by a thread that is no more stays counted.
    std::thread([&bytes] { bytes = share(std::string(large, 'x')); }).join();
    EXPECT_GE(held_memory::total(), before + large);
    bytes.reset();
    EXPECT_EQ(held_memory::total(), before);
}

TEST(held_memory, of_a_holder_is_what_it_said_last) {
    const auto before = held_memory::total();
    {
        HeldBytes<> held;
        held.set(large);
        held.set(large / 2);
        EXPECT_EQ(held.bytes(), large / 2);
        EXPECT_EQ(held_memory::total(), before + large / 2);
    }
    EXPECT_EQ(held_memory::total(), before);
}

TEST(held_memory, of_a_queue_counts_its_list_too) {
    const auto before = held_memory::total();
    {
        OutboundQueue queue;
        const Frame frame = make_frame("short");
        const auto without_list = held_memory::total();
        constexpr std::size_t many = 10000;
        for (std::size_t i = 0; i < many; ++i)
            queue.push(frame);
        EXPECT_GE(held_memory::total(), without_list + many * sizeof(Frame));
    }
    EXPECT_EQ(held_memory::total(), before);
}

TEST(held_memory, shared_by_queues_is_a_part_of_each) {
    OutboundQueue alone;
    alone.push(make_frame(std::string(large, 'x')));
    EXPECT_EQ(alone.share_of_memory(), large);
    Frame frame = make_frame(std::string(large, 'x'));
    OutboundQueue first;
    OutboundQueue second;
    first.push(frame);
    second.push(std::move(frame));
    EXPECT_EQ(first.share_of_memory(), large / 2);
    // Of many it looks at some.
    OutboundQueue long_one;
    constexpr std::size_t many = 3000;
    for (std::size_t i = 0; i < many; ++i)
        long_one.push(make_frame(std::string(1000, 'x')));
    EXPECT_NEAR(static_cast<double>(long_one.share_of_memory()), many * 1016.0, many * 30.0);
}

} // namespace
