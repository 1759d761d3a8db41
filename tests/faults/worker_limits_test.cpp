// A worker and what is larger, slower or more than anybody should send.
#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

constexpr std::int64_t limit = 1000;

worker_settings small_events() {
    worker_settings how;
    how.max_event_size = limit;
    return how;
}

struct oversize {
    const char *name;
    std::string bytes;
};
void PrintTo(const oversize &o, std::ostream *out) { *out << o.name; }

std::string many_lines(int count) {
    std::string lines;
    for (int i = 0; i < count; ++i)
        lines += "data: 12345678\n";
    return lines;
}

class oversize_events : public testing::TestWithParam<oversize> {};

TEST_P(oversize_events, are_reported_and_dropped_with_their_connection) {
    fault_server server(
        {keeps_streaming("id: 1\ndata: a\n\n" + GetParam().bytes), keeps_streaming("data: b\n\n")});
    observed_worker worker(server.url(), small_events());
    EXPECT_EQ(worker.await_events(2),
              (std::vector<told_event>{{"message", "a", "1"}, {"message", "b", "1"}}));
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_ETOOBIG);
    EXPECT_TRUE(server.await_closed(1));
}

INSTANTIATE_TEST_SUITE_P(
    worker, oversize_events,
    testing::Values(oversize{"data", "id: 2\ndata: " + std::string(limit, 'x') + "\n\n"},
                    oversize{"line_without_end", "id: 2\ndata: " + std::string(limit * 100, 'x')},
                    oversize{"topic", "event: " + std::string(limit + 1, 'x') + "\ndata: x\n\n"},
                    oversize{"id", "id: " + std::string(limit + 1, 'x') + "\n\n"},
                    oversize{"many_lines", many_lines(200)}),
    [](const auto &generated) { return std::string(generated.param.name); });

TEST(worker, takes_an_event_of_just_the_limit) {
    const std::string data(limit - std::string("topic1").size(), 'x');
    fault_server server({keeps_streaming("id: 1\nevent: topic\ndata: " + data + "\n\n")});
    observed_worker worker(server.url(), small_events());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"topic", data, "1"}}));
}

TEST(worker, endless_comments_and_unknown_fields_are_no_events) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(stream_head());
        for (const char *beginning : {": ", "unknown: "}) {
            with.send(beginning);
            for (int i = 0; i < 1000; ++i)
                with.send(std::string(limit, 'x'));
            with.send("\n");
        }
        with.send("data: a\n\n");
        with.stall();
    }});
    observed_worker worker(server.url(), small_events());
    worker.await_events(1);
    EXPECT_TRUE(worker.failures().empty());
}

TEST(worker, takes_events_of_many_megabytes) {
    const std::string seven(7'000'000, 'a');
    const std::string fourteen(14'000'000, 'b');
    fault_server server({keeps_streaming("data: " + seven + "\n\ndata: " + fourteen + "\n\n")});
    observed_worker worker(server.url());
    worker.await_events(2);
    EXPECT_TRUE(worker.events().at(0).data == seven);
    EXPECT_TRUE(worker.events().at(1).data == fourteen);
    EXPECT_TRUE(worker.failures().empty());
}

TEST(worker, takes_a_burst_of_events_in_order) {
    constexpr std::size_t count = 20'000;
    std::string burst;
    for (std::size_t i = 0; i < count; ++i)
        burst += "id: " + std::to_string(i) + "\ndata: " + std::to_string(i) + "\n\n";
    fault_server server({keeps_streaming(burst)});
    observed_worker worker(server.url());
    const auto events = worker.await_events(count);
    for (std::size_t i = 0; i < count; ++i)
        ASSERT_EQ(events.at(i).data, std::to_string(i));
}

TEST(worker, leaves_to_the_server_what_its_caller_does_not_take) {
    // 30 MB; the kernel's buffers and the worker's own take a part of that, and no more.
    std::string events;
    const std::string event = "data: " + std::string(100'000, 'x') + "\n\n";
    constexpr std::size_t count = 300;
    for (std::size_t i = 0; i < count; ++i)
        events += event;

    std::atomic<std::size_t> taken_at_first{0};
    std::atomic<bool> is_stalled{false};
    fault_server server({[&](conversation &with) {
        with.receive();
        with.send(stream_head());
        taken_at_first = with.send_until_it_stalls(events);
        is_stalled = true;
        with.send(std::string_view(events).substr(taken_at_first));
        with.stall();
    }});
    observed_worker worker(server.url());
    worker.await_events(1);
    // The caller takes nothing more, until the server cannot get rid of anything more.
    const clock::time_point deadline = clock::now() + patience;
    while (!is_stalled && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(10));
    ASSERT_TRUE(is_stalled);
    EXPECT_LT(taken_at_first, 24'000'000U);
    // And then everything is there.
    worker.await_events(count);
    EXPECT_TRUE(worker.failures().empty());
}

TEST(worker, knows_times_without_end) {
    fault_server server(
        {answers(503), streams("retry: 1\ndata: a\n\n"), keeps_streaming("data: b\n\n")});
    worker_settings how;
    how.reconnect_min_ms = 1;
    how.reconnect_max_ms = INT64_MAX;
    how.connect_timeout_ms = INT64_MAX;
    how.idle_timeout_ms = INT64_MAX;
    observed_worker worker(server.url(), how);
    worker.await_events(2);
    EXPECT_EQ(worker.failures().size(), 2U);
    EXPECT_EQ(worker.next(0), KN_AGAIN);
}

TEST(worker, knows_no_time_limits_at_all) {
    fault_server server({answers(503), keeps_streaming("data: a\n\n")});
    worker_settings how;
    how.connect_timeout_ms = -1;
    how.idle_timeout_ms = -1;
    observed_worker worker(server.url(), how);
    worker.await_events(1);
    EXPECT_EQ(worker.failures().size(), 1U);
}

TEST(worker, waits_for_ever_where_its_caller_says_so) {
    fault_server server({answers(503)});
    worker_settings how;
    how.reconnect_min_ms = INT64_MAX;
    how.reconnect_max_ms = INT64_MAX;
    observed_worker worker(server.url(), how);
    worker.await_failures(1);
    EXPECT_EQ(worker.next(20), KN_AGAIN);
    EXPECT_EQ(worker.state(), KN_WORKER_WAITING);
    EXPECT_EQ(server.connections(), 1U);
}

} // namespace
} // namespace faults
