// A worker is interrupted, closed and freed while the other side is at its worst: it lets go at
// once.
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

/// What a worker is in the middle of.
struct trouble {
    const char *name;
    std::int32_t state;
    std::function<script()> make;
};
void PrintTo(const trouble &t, std::ostream *out) { *out << t.name; }

bool await_state(const kn_worker *worker, std::int32_t state) {
    const clock::time_point deadline = clock::now() + patience;
    while (kn_worker_state(worker) != state && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    return kn_worker_state(worker) == state;
}

class worker_in_trouble : public testing::TestWithParam<trouble> {
  protected:
    void SetUp() override {
        if (GetParam().make != nullptr) {
            server_ = std::make_unique<fault_server>(std::vector<script>{GetParam().make()});
            url_ = server_->url();
        } else {
            clogged_.clog();
            url_ = clogged_.url();
        }
        kn_options *options = kn_options_new();
        kn_options_set_reconnect_delay_ms(options, longer_than_patience_ms,
                                          longer_than_patience_ms);
        kn_options_set_connect_timeout_ms(options, longer_than_patience_ms);
        ASSERT_EQ(kn_worker_new(url_.c_str(), options, &worker_, nullptr), KN_OK);
        kn_options_free(options);
    }

    /// A thread in kn_worker_next(), at the point that the test is about. No trouble hands over an
    /// event first: the thread would leave to come back, and might come back to a freed worker.
    void wait_inside() {
        waiting_ = std::thread([this] {
            kn_event *event = nullptr;
            kn_status status;
            do {
                kn_event_free(event);
                status = kn_worker_next(worker_, -1, &event, nullptr);
            } while (status == KN_OK);
            ended_with_ = status;
        });
        ASSERT_TRUE(await_state(worker_, GetParam().state));
    }

    kn_status status_of_the_wait() {
        waiting_.join();
        return ended_with_;
    }

    void TearDown() override {
        if (waiting_.joinable()) // the test failed half way
            waiting_.join();
    }

    port clogged_;
    std::unique_ptr<fault_server> server_;
    std::string url_;
    kn_worker *worker_ = nullptr;
    std::thread waiting_;
    kn_status ended_with_ = KN_OK;
};

TEST_P(worker_in_trouble, is_interrupted_at_once) {
    wait_inside();
    const clock::time_point began = clock::now();
    EXPECT_EQ(kn_worker_interrupt(worker_), KN_OK);
    EXPECT_EQ(status_of_the_wait(), KN_INTERRUPTED);
    EXPECT_LT(clock::now() - began, patience);
    EXPECT_EQ(kn_worker_state(worker_), GetParam().state) << "and goes on where it was";
    kn_worker_free(worker_);
}

TEST_P(worker_in_trouble, is_closed_at_once) {
    wait_inside();
    const clock::time_point began = clock::now();
    EXPECT_EQ(kn_worker_close(worker_, -1, nullptr), KN_OK);
    EXPECT_EQ(status_of_the_wait(), KN_CLOSED);
    EXPECT_LT(clock::now() - began, patience);
    EXPECT_EQ(kn_worker_state(worker_), KN_WORKER_CLOSED);
    EXPECT_EQ(kn_worker_close(worker_, -1, nullptr), KN_OK) << "as often as one likes";
    kn_worker_free(worker_);
}

TEST_P(worker_in_trouble, is_freed_at_once_under_a_waiting_thread) {
    wait_inside();
    const clock::time_point began = clock::now();
    kn_worker_free(worker_);
    EXPECT_EQ(status_of_the_wait(), KN_CLOSED);
    EXPECT_LT(clock::now() - began, patience);
}

TEST_P(worker_in_trouble, is_freed_at_once) {
    kn_event *event = nullptr;
    for (int i = 0; i < 20; ++i) { // far enough to be in the middle of it
        kn_worker_next(worker_, 5, &event, nullptr);
        kn_event_free(event);
    }
    EXPECT_EQ(kn_worker_state(worker_), GetParam().state);
    const clock::time_point began = clock::now();
    kn_worker_free(worker_);
    EXPECT_LT(clock::now() - began, patience);
}

INSTANTIATE_TEST_SUITE_P(worker, worker_in_trouble,
                         testing::Values(trouble{"connecting", KN_WORKER_CONNECTING, nullptr},
                                         trouble{"waiting_for_the_head", KN_WORKER_CONNECTING,
                                                 [] { return never_answers(); }},
                                         trouble{"in_the_middle_of_the_head", KN_WORKER_CONNECTING,
                                                 [] {
                                                     return script([](conversation &with) {
                                                         with.receive();
                                                         with.send("HTTP/1.1 200 OK\r\nContent-");
                                                         with.stall();
                                                     });
                                                 }},
                                         trouble{"in_a_silent_stream", KN_WORKER_CONNECTED,
                                                 [] { return keeps_streaming(""); }},
                                         trouble{"in_the_middle_of_an_event", KN_WORKER_CONNECTED,
                                                 [] { return keeps_streaming("data: b\n"); }},
                                         trouble{"between_two_tries", KN_WORKER_WAITING,
                                                 [] { return answers(503); }}),
                         [](const auto &generated) { return std::string(generated.param.name); });

TEST(worker, runs_no_handler_after_close_has_returned) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(stream_head());
        for (;;)
            with.send("data: a\n\n");
    }});
    kn_worker *worker = nullptr;
    ASSERT_EQ(kn_worker_new(server.url().c_str(), nullptr, &worker, nullptr), KN_OK);
    struct tally {
        std::atomic<bool> is_closed{false};
        std::atomic<long> handled{0};
        std::atomic<long> too_late{0};
    } seen;
    const kn_handler count = [](kn_event *, void *data) {
        auto &t = *static_cast<tally *>(data);
        ++t.handled;
        if (t.is_closed)
            ++t.too_late;
    };
    ASSERT_EQ(kn_worker_on(worker, "*/*", count, &seen, nullptr, nullptr), KN_OK);
    kn_status status = KN_OK;
    std::thread running([&] { status = kn_worker_run(worker, nullptr); });
    const clock::time_point deadline = clock::now() + patience;
    while (seen.handled < 1000 && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    EXPECT_GE(seen.handled, 1000);
    EXPECT_EQ(kn_worker_close(worker, -1, nullptr), KN_OK);
    seen.is_closed = true;
    running.join();
    EXPECT_EQ(status, KN_CLOSED);
    EXPECT_EQ(seen.too_late, 0);
    kn_worker_free(worker);
}

TEST(worker, closed_in_an_error_handler_does_not_connect_again) {
    fault_server server({answers(503)});
    kn_options *options = kn_options_new();
    kn_options_set_reconnect_delay_ms(options, 1, 1);
    kn_worker *worker = nullptr;
    ASSERT_EQ(kn_worker_new(server.url().c_str(), options, &worker, nullptr), KN_OK);
    kn_options_free(options);
    const kn_error_handler close = [](const kn_error *, void *w) {
        EXPECT_EQ(kn_worker_close(static_cast<kn_worker *>(w), -1, nullptr), KN_AGAIN)
            << "in a callback it only begins";
    };
    ASSERT_EQ(kn_worker_on_error(worker, close, worker, nullptr, nullptr), KN_OK);
    kn_event *event = nullptr;
    EXPECT_EQ(kn_worker_next(worker, -1, &event, nullptr), KN_CLOSED);
    EXPECT_EQ(kn_worker_state(worker), KN_WORKER_CLOSED);
    EXPECT_EQ(server.connections(), 1U);
    kn_worker_free(worker);
}

TEST(worker, freed_in_an_error_handler_is_gone_when_the_call_is_over) {
    fault_server server({answers(503)});
    std::atomic<int> destroyed{0};
    struct owner {
        kn_worker *worker;
        std::atomic<int> &destroyed;
    } mine{nullptr, destroyed};
    ASSERT_EQ(kn_worker_new(server.url().c_str(), nullptr, &mine.worker, nullptr), KN_OK);
    ASSERT_EQ(
        kn_worker_on_error(
            mine.worker,
            [](const kn_error *, void *o) { kn_worker_free(static_cast<owner *>(o)->worker); },
            &mine, [](void *o) { ++static_cast<owner *>(o)->destroyed; }, nullptr),
        KN_OK);
    kn_event *event = nullptr;
    EXPECT_EQ(kn_worker_next(mine.worker, -1, &event, nullptr), KN_CLOSED);
    EXPECT_EQ(destroyed, 1);
}

TEST(worker, lets_go_of_its_connection_when_it_is_closed) {
    fault_server server({keeps_streaming("data: a\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    EXPECT_EQ(kn_worker_close(worker.get(), -1, nullptr), KN_OK);
    EXPECT_TRUE(server.await_closed(1));
}

} // namespace
} // namespace faults
