// The queue of unsent frames: every byte leaves once, in order, however the kernel takes them.
#include "net/outbound_queue.h"

#include <gtest/gtest.h>
#include <string>

namespace {

using webrocket::make_frame;
using webrocket::OutboundQueue;

// What the next write would offer.
std::string offered(const OutboundQueue &queue) {
    OutboundQueue::Gather gather;
    std::string bytes;
    const std::size_t count = queue.gather(gather);
    for (std::size_t i = 0; i < count; ++i)
        bytes.append(static_cast<const char *>(gather[i].iov_base), gather[i].iov_len);
    return bytes;
}

TEST(outbound_queue, starts_empty) {
    const OutboundQueue queue;
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.bytes(), 0U);
    EXPECT_EQ(offered(queue), "");
}

TEST(outbound_queue, offers_the_frames_themselves) {
    OutboundQueue queue;
    const auto frame = make_frame("shared");
    queue.push(frame);
    queue.push(frame);
    OutboundQueue::Gather gather;
    ASSERT_EQ(queue.gather(gather), 2U);
    EXPECT_EQ(gather[0].iov_base, frame->data());
    EXPECT_EQ(gather[1].iov_base, frame->data());
    EXPECT_EQ(queue.bytes(), 12U);
}

TEST(outbound_queue, lets_go_of_what_is_written) {
    OutboundQueue queue;
    const auto frame = make_frame("abc");
    queue.push(frame);
    queue.push(make_frame("def"));
    queue.consume(3);
    EXPECT_EQ(frame.local_use_count(), 1);
    EXPECT_EQ(offered(queue), "def");
    queue.consume(3);
    EXPECT_TRUE(queue.empty());
}

TEST(outbound_queue, goes_on_in_the_middle_of_a_frame) {
    for (const std::size_t step : {1U, 2U, 3U, 5U, 7U, 100U}) {
        OutboundQueue queue;
        std::string expected;
        for (int i = 0; i < 50; ++i) {
            const std::string text(static_cast<std::size_t>(1 + i % 6),
                                   static_cast<char>('a' + i % 26));
            expected += text;
            queue.push(make_frame(text));
        }
        std::string sent;
        while (!queue.empty()) {
            EXPECT_EQ(queue.bytes(), expected.size() - sent.size());
            const auto now = offered(queue).substr(0, step);
            sent += now;
            queue.consume(now.size());
        }
        EXPECT_EQ(sent, expected) << step;
        EXPECT_EQ(queue.bytes(), 0U);
    }
}

TEST(outbound_queue, offers_no_more_than_one_write_takes) {
    OutboundQueue queue;
    for (std::size_t i = 0; i < OutboundQueue::gather_max + 1; ++i)
        queue.push(make_frame("x"));
    EXPECT_EQ(offered(queue).size(), OutboundQueue::gather_max);
    queue.consume(OutboundQueue::gather_max);
    EXPECT_EQ(offered(queue), "x");
}

TEST(outbound_queue, takes_more_while_it_is_drained) {
    OutboundQueue queue;
    std::string sent;
    std::string expected;
    for (int i = 0; i < 5000; ++i) {
        const std::string text = std::to_string(i) + ",";
        expected += text;
        queue.push(make_frame(text));
        const auto now = offered(queue).substr(0, i % 2 == 0 ? 1 : 6);
        sent += now;
        queue.consume(now.size());
    }
    while (!queue.empty()) {
        const auto now = offered(queue);
        sent += now;
        queue.consume(now.size());
    }
    EXPECT_EQ(sent, expected);
}

} // namespace
