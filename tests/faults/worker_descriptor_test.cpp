// A worker whose caller does nothing but poll its descriptor: every fault has to make it readable,
// or the worker would be stuck in it.
#include <functional>
#include <string>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

worker_settings quick() {
    worker_settings how;
    how.idle_timeout_ms = 300;
    how.connect_timeout_ms = 300;
    return how;
}

bool wait_until_readable(const observed_worker &worker) {
    pollfd watched{kn_worker_fd(worker.get()), POLLIN, 0};
    const int limit_ms = static_cast<int>(milliseconds(patience).count());
    return poll(&watched, 1, limit_ms) > 0;
}

/// How often a caller calls each time the descriptor is readable: once, as a level-triggered loop
/// may, or until there is nothing more, as an edge-triggered one has to.
class worker_descriptor : public testing::TestWithParam<bool> {
  protected:
    static void poll_until(observed_worker &worker, const std::function<bool()> &is_done) {
        while (!is_done()) {
            ASSERT_TRUE(wait_until_readable(worker)) << "nobody would ever call again";
            kn_status status;
            do
                status = worker.next(0);
            while (status == KN_OK && GetParam());
        }
    }

    static void expect_through(std::vector<script> faults, std::size_t failures,
                               const worker_settings &how = quick()) {
        faults.push_back(keeps_streaming("data: fine\n\n"));
        fault_server server(std::move(faults));
        observed_worker worker(server.url(), how);
        poll_until(worker, [&] { return !worker.events().empty(); });
        EXPECT_EQ(worker.events().back().data, "fine");
        EXPECT_EQ(worker.failures().size(), failures);
    }
};

TEST_P(worker_descriptor, tells_of_events) {
    fault_server server({keeps_streaming("data: a\n\ndata: b\n\ndata: c\n\n")});
    observed_worker worker(server.url());
    poll_until(worker, [&] { return worker.events().size() == 3; });
}

TEST_P(worker_descriptor, tells_when_it_is_time_to_connect_again) {
    expect_through({answers(503), resets_after(""), says("")}, 3);
}

TEST_P(worker_descriptor, tells_of_a_redirect) {
    expect_through({answers(302, {"Location: /other"}, "x")}, 0);
}

TEST_P(worker_descriptor, tells_of_a_server_that_never_answers) {
    expect_through({never_answers()}, 1);
}

TEST_P(worker_descriptor, tells_of_a_stream_that_fell_silent) {
    expect_through({keeps_streaming(": nothing\n\n"), keeps_streaming("data: half\n")}, 2);
}

TEST_P(worker_descriptor, tells_of_a_refusal_that_never_ends) {
    expect_through({[](conversation &with) {
                       with.receive();
                       with.send(head(503, {"Content-Length: 1000"}));
                       with.stall();
                   }},
                   1, worker_settings());
}

TEST_P(worker_descriptor, tells_of_refused_connections) {
    fault_server server({keeps_streaming("data: fine\n\n")});
    server.where().shut();
    observed_worker worker(server.url());
    poll_until(worker, [&] { return worker.failures().size() == 3; });
    server.where().open();
    poll_until(worker, [&] { return !worker.events().empty(); });
}

TEST_P(worker_descriptor, tells_of_a_connect_that_never_ends) {
    port where;
    where.clog();
    observed_worker worker(where.url(), quick());
    poll_until(worker, [&] { return worker.failures().size() == 2; });
    EXPECT_EQ(worker.failures()[0].status, KN_ETIMEOUT);
}

TEST_P(worker_descriptor, tells_of_an_event_and_the_end_that_came_with_it) {
    fault_server server({streams("data: a\n\n"), streams("data: b\n\n"), answers(204)});
    observed_worker worker(server.url());
    poll_until(worker, [&] { return worker.state() == KN_WORKER_CLOSED; });
    EXPECT_EQ(worker.events().size(), 2U);
}

TEST_P(worker_descriptor, is_readable_for_good_after_a_fatal_failure) {
    fault_server server({answers(403)});
    observed_worker worker(server.url());
    poll_until(worker, [&] { return worker.last_failure().status == KN_EFORBIDDEN; });
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(wait_until_readable(worker));
        EXPECT_EQ(worker.next(0), KN_CLOSED);
    }
}

INSTANTIATE_TEST_SUITE_P(faults, worker_descriptor, testing::Bool(), [](const auto &generated) {
    return std::string(generated.param ? "called_until_again" : "called_once");
});

} // namespace
} // namespace faults
