// When a worker tries again, with a clock and dice of the test's own.
#include "worker/reconnect.h"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using kn::ReconnectPolicy;
using kn::Verdict;
using Ms = std::chrono::milliseconds;

const ReconnectPolicy::Clock::time_point start{};

ReconnectPolicy usual() { return {1000ms, 30'000ms, 1}; }

void expect_between(Ms delay, Ms low, Ms high) {
    EXPECT_GE(delay, low);
    EXPECT_LE(delay, high);
}

TEST(reconnect, doubles_up_to_the_ceiling) {
    ReconnectPolicy p = usual();
    for (const Ms full : {1000ms, 2000ms, 4000ms, 8000ms, 16'000ms, 30'000ms, 30'000ms})
        expect_between(p.next_delay(start, -1), full / 2, full);
    for (int i = 0; i < 1000; ++i)
        expect_between(p.next_delay(start, -1), 15'000ms, 30'000ms);
}

TEST(reconnect, half_of_a_delay_is_random) {
    Ms least = Ms::max();
    Ms most = Ms::zero();
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        const Ms delay = ReconnectPolicy(1000ms, 30'000ms, seed * 7919).next_delay(start, -1);
        least = std::min(least, delay);
        most = std::max(most, delay);
    }
    EXPECT_LT(least, 600ms);
    EXPECT_GT(most, 900ms);
}

TEST(reconnect, a_stable_connection_begins_anew) {
    ReconnectPolicy p = usual();
    for (int i = 0; i < 5; ++i)
        p.next_delay(start, -1);
    p.connected(start);
    expect_between(p.next_delay(start + 60s, -1), 500ms, 1000ms);
}

TEST(reconnect, an_event_makes_a_connection_stable_sooner) {
    ReconnectPolicy p = usual();
    for (int i = 0; i < 5; ++i)
        p.next_delay(start, -1);
    p.connected(start);
    p.received_event();
    expect_between(p.next_delay(start + 1s, -1), 500ms, 1000ms);
}

TEST(reconnect, a_heartbeat_makes_a_connection_stable_as_well) {
    ReconnectPolicy p = usual();
    for (int i = 0; i < 5; ++i)
        p.next_delay(start, -1);
    p.connected(start);
    p.received_something();
    expect_between(p.next_delay(start + 30s, -1), 500ms, 1000ms);
}

TEST(reconnect, streams_that_are_ended_in_order_after_a_time_were_good) {
    ReconnectPolicy p = usual();
    p.hint(2000);
    for (int i = 0; i < 10; ++i) {
        p.connected(start);
        p.ended_in_order();
        expect_between(p.next_delay(start + 30s, -1), 1000ms, 2000ms);
    }
}

TEST(reconnect, streams_that_are_ended_in_order_after_some_events_were_good) {
    ReconnectPolicy p = usual();
    for (int i = 0; i < 10; ++i) {
        p.connected(start);
        p.received_something();
        p.received_event();
        p.ended_in_order();
        expect_between(p.next_delay(start + 10ms, -1), 500ms, 1000ms);
    }
}

/// The tenth delay where each connection ends at once, after this has happened on it.
template <class Happening>
Ms tenth_delay(Happening &&happening) {
    ReconnectPolicy p = usual();
    Ms delay = 0ms;
    for (int i = 0; i < 10; ++i) {
        p.connected(start);
        happening(p);
        delay = p.next_delay(start + 10ms, -1);
    }
    return delay;
}

TEST(reconnect, a_flapping_server_is_not_hammered) {
    EXPECT_GE(tenth_delay([](ReconnectPolicy &) {}), 15'000ms);
}

TEST(reconnect, streams_that_break_at_once_were_not_good_whatever_came) {
    EXPECT_GE(tenth_delay([](ReconnectPolicy &p) { p.received_event(); }), 15'000ms);
}

TEST(reconnect, streams_that_are_ended_at_once_without_an_event_were_not_good) {
    EXPECT_GE(tenth_delay([](ReconnectPolicy &p) {
                  p.received_something();
                  p.ended_in_order();
              }),
              15'000ms);
}

TEST(reconnect, the_server_s_hint_is_the_new_beginning) {
    ReconnectPolicy p = usual();
    p.hint(4000);
    expect_between(p.next_delay(start, -1), 2000ms, 4000ms);
    expect_between(p.next_delay(start, -1), 4000ms, 8000ms);
}

TEST(reconnect, the_server_s_hint_stays_within_the_caller_s_bounds) {
    ReconnectPolicy p = usual();
    p.hint(0);
    expect_between(p.next_delay(start, -1), 500ms, 1000ms);
    ReconnectPolicy q = usual();
    q.hint(UINT64_MAX);
    expect_between(q.next_delay(start, -1), 15'000ms, 30'000ms);
}

TEST(reconnect, retry_after_is_a_lower_bound) {
    ReconnectPolicy p = usual();
    expect_between(p.next_delay(start, 60'000), 60'000ms, 61'000ms);
    ReconnectPolicy q = usual();
    expect_between(q.next_delay(start, 0), 500ms, 1000ms);
}

TEST(reconnect, retry_after_is_believed_up_to_five_minutes) {
    ReconnectPolicy p = usual();
    expect_between(p.next_delay(start, 24 * 3600 * 1000), 300'000ms, 301'000ms);
}

TEST(reconnect, only_a_200_of_the_right_type_is_a_stream) {
    const ReconnectPolicy p = usual();
    EXPECT_EQ(p.judge(200, true), Verdict::stream);
    EXPECT_EQ(p.judge(200, false), Verdict::retry);
    for (const long status : {201L, 202L, 205L, 206L, 299L})
        EXPECT_EQ(p.judge(status, true), Verdict::retry) << status;
    EXPECT_EQ(p.judge(204, false), Verdict::ended);
}

TEST(reconnect, some_refusals_are_final_at_any_time) {
    ReconnectPolicy p = usual();
    for (int i = 0; i < 2; ++i, p.connected(start))
        for (const long status : {401L, 403L, 405L, 406L, 410L, 501L})
            EXPECT_EQ(p.judge(status, false), Verdict::fatal) << status;
}

TEST(reconnect, other_refusals_are_final_until_the_first_connection) {
    ReconnectPolicy p = usual();
    for (const long status : {400L, 402L, 404L, 413L, 431L, 451L})
        EXPECT_EQ(p.judge(status, false), Verdict::fatal) << status;
    p.connected(start);
    for (const long status : {400L, 402L, 404L, 413L, 431L, 451L})
        EXPECT_EQ(p.judge(status, false), Verdict::retry) << status;
}

TEST(reconnect, what_passes_is_retried_from_the_first_moment) {
    const ReconnectPolicy p = usual();
    for (const long status : {300L, 408L, 425L, 429L, 500L, 502L, 503L, 504L, 599L})
        EXPECT_EQ(p.judge(status, false), Verdict::retry) << status;
}

} // namespace
