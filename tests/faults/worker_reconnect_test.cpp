// How long a worker waits before it connects again. What is measured are lower bounds; an upper one
// only where a mistake would take many times as long.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

/// The times between each request and the next.
std::vector<milliseconds> gaps(const std::vector<request> &requests) {
    std::vector<milliseconds> result;
    for (std::size_t i = 1; i < requests.size(); ++i)
        result.push_back(std::chrono::duration_cast<milliseconds>(requests[i].arrived -
                                                                  requests[i - 1].arrived));
    return result;
}

worker_settings delays(std::int64_t min_ms, std::int64_t max_ms) {
    worker_settings how;
    how.reconnect_min_ms = min_ms;
    how.reconnect_max_ms = max_ms;
    return how;
}

/// Half of each delay is random; these are the other halves.
void expect_growing_from_40_to_320(const std::vector<request> &requests) {
    const auto waited = gaps(requests);
    ASSERT_GE(waited.size(), 5U);
    EXPECT_GE(waited[0], milliseconds(20));
    EXPECT_GE(waited[1], milliseconds(40));
    EXPECT_GE(waited[2], milliseconds(80));
    EXPECT_GE(waited[3], milliseconds(160));
    EXPECT_GE(waited[4], milliseconds(160));
}

TEST(reconnect, waits_longer_after_each_failure) {
    fault_server server({answers(503)});
    observed_worker worker(server.url(), delays(40, 320));
    expect_growing_from_40_to_320(worker.await_requests(server, 6));
}

TEST(reconnect, waits_longer_for_a_server_that_accepts_and_hangs_up) {
    fault_server server({streams("")});
    observed_worker worker(server.url(), delays(40, 320));
    expect_growing_from_40_to_320(worker.await_requests(server, 6));
}

TEST(reconnect, waits_longer_for_a_server_that_resets) {
    fault_server server({resets_after("")});
    observed_worker worker(server.url(), delays(40, 320));
    expect_growing_from_40_to_320(worker.await_requests(server, 6));
}

TEST(reconnect, waits_after_a_stream_that_ended_in_good_order) {
    fault_server server({streams("data: a\n\n"), never_answers()});
    observed_worker worker(server.url(), delays(400, 400));
    EXPECT_GE(gaps(worker.await_requests(server, 2)).at(0), milliseconds(200));
}

/// In milliseconds, as the log tells it.
long last_delay(const kept_log &log) {
    constexpr std::string_view words = "trying again in ";
    long delay = -1;
    for (const kept_log::line &line : log.lines())
        if (const auto at = line.text.rfind(words); at != std::string::npos)
            delay = std::stol(line.text.substr(at + words.size()));
    return delay;
}

TEST(reconnect, begins_anew_after_a_stable_connection) {
    constexpr int failures = 4; // 20, 40, 80, 160 ms; the next wait would be 320, or at least 160
    std::vector<script> scripts(failures, answers(503));
    scripts.push_back([](conversation &with) {
        with.receive();
        with.send(stream_head() + "data: a\n\n");
        with.pause(milliseconds(200)); // longer than the first delay: that is stable
    });
    scripts.push_back(never_answers());
    fault_server server(std::move(scripts));
    observed_worker worker(server.url(), delays(20, 60'000));
    ASSERT_EQ(worker.await_requests(server, failures + 2).size(), failures + 2U);
    const long delay = last_delay(worker.log());
    EXPECT_GE(delay, 10);
    EXPECT_LE(delay, 20);
}

TEST(reconnect, waits_no_longer_however_often_streams_are_ended_in_good_order) {
    fault_server server({says(chunked_stream_head() + "9\r\ndata: a\n\n\r\n0\r\n\r\n")});
    observed_worker worker(server.url(), delays(20, 60'000));
    ASSERT_EQ(worker.await_requests(server, 6).size(), 6U);
    EXPECT_LE(last_delay(worker.log()), 20);
}

TEST(reconnect, reports_that_it_waits) {
    fault_server server({answers(503)});
    observed_worker worker(server.url(), delays(60'000, 60'000));
    worker.await_failures(1);
    EXPECT_EQ(worker.state(), KN_WORKER_WAITING);
    EXPECT_TRUE(worker.log().has_level(KN_LOG_WARNING));
}

// ---- retry:

/// The wait after a stream of @p bytes.
milliseconds wait_after(std::string_view bytes, std::int64_t min_ms, std::int64_t max_ms) {
    fault_server server({streams(bytes), never_answers()});
    observed_worker worker(server.url(), delays(min_ms, max_ms));
    return gaps(worker.await_requests(server, 2)).at(0);
}

TEST(retry_field, sets_the_delay) {
    EXPECT_GE(wait_after("retry: 600\n\n", 1, 60'000), milliseconds(300));
}

TEST(retry_field, counts_at_once) {
    EXPECT_GE(wait_after("retry: 600\n", 1, 60'000), milliseconds(300));
    EXPECT_GE(wait_after("data: a\n\nretry: 600\ndata: cut", 1, 60'000), milliseconds(300));
}

TEST(retry_field, is_decimal) {
    // Were the zeros taken for octal, this would be 384 ms, half of which is 192.
    EXPECT_GE(wait_after("retry: 00600\n\n", 1, 60'000), milliseconds(300));
}

TEST(retry_field, that_is_no_number_is_passed_over) {
    EXPECT_GE(wait_after("retry: 600\nretry:\nretry\nretry: -1\nretry: 1e1\nretry: 5x\n"
                         "retry: 1.5\nretry:  2\n\n",
                         1, 60'000),
              milliseconds(300));
}

TEST(retry_field, stays_above_the_caller_s_floor) {
    EXPECT_GE(wait_after("retry: 0\n\n", 600, 60'000), milliseconds(300));
}

TEST(retry_field, stays_below_the_caller_s_ceiling) {
    EXPECT_LT(wait_after("retry: 3600000\n\n", 1, 50), patience);
    EXPECT_LT(wait_after("retry: 99999999999999999999999\n\n", 1, 50), patience);
}

TEST(retry_field, is_remembered_from_stream_to_stream) {
    fault_server server({streams("retry: 400\n\n"), streams("data: a\n\n"), never_answers()});
    observed_worker worker(server.url(), delays(1, 60'000));
    const auto waited = gaps(worker.await_requests(server, 3));
    EXPECT_GE(waited.at(0), milliseconds(200));
    EXPECT_GE(waited.at(1), milliseconds(200));
}

} // namespace
} // namespace faults
