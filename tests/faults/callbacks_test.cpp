// Callbacks that behave as none should: they throw through C, or end their thread.
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <pthread.h>

#include "answers.hpp"
#include "ended_thread.hpp"

#include <kosmonaut/kosmonaut.h>

namespace faults {
namespace {

using support::left_by_thread;

struct seen {
    kn_worker *worker = nullptr;
    int calls = 0;
    int destroyed = 0;
};

void count_end(void *data) { ++static_cast<seen *>(data)->destroyed; }

void throw_twice(kn_event *, void *data) {
    auto &s = *static_cast<seen *>(data);
    if (++s.calls == 2)
        kn_worker_interrupt(s.worker);
    throw std::runtime_error("of a handler");
}

void throw_a_number(const kn_result *, void *data) {
    ++static_cast<seen *>(data)->calls;
    throw 1;
}

void throw_in_the_log(std::int32_t, const char *, void *data) {
    ++static_cast<seen *>(data)->calls;
    throw std::runtime_error("of a log");
}

void throw_at_the_end(void *data) {
    ++static_cast<seen *>(data)->destroyed;
    throw std::runtime_error("of a destroy");
}

TEST(callbacks, a_handler_that_throws_is_called_again) {
    fault_server server({keeps_streaming("data: a\n\ndata: b\n\n")});
    seen s;
    ASSERT_EQ(kn_worker_new(server.url().c_str(), nullptr, &s.worker, nullptr), KN_OK);
    ASSERT_EQ(kn_worker_on(s.worker, "*/*", throw_twice, &s, count_end, nullptr), KN_OK);
    EXPECT_EQ(kn_worker_run(s.worker, nullptr), KN_INTERRUPTED);
    EXPECT_EQ(s.calls, 2);
    kn_worker_free(s.worker);
    EXPECT_EQ(s.destroyed, 1);
}

TEST(callbacks, a_completion_that_throws_ends_its_call_alone) {
    fault_server server({answers(202), answers(202)});
    seen s;
    kn_client *client = nullptr;
    ASSERT_EQ(kn_client_new(server.url().c_str(), nullptr, &client, nullptr), KN_OK);
    for (int i = 0; i < 2; ++i)
        ASSERT_EQ(kn_client_open_channel_async(client, "a", throw_a_number, &s, count_end, nullptr),
                  KN_OK);
    EXPECT_EQ(kn_client_flush(client, longer_than_patience_ms, nullptr), KN_OK);
    EXPECT_EQ(s.calls, 2);
    EXPECT_EQ(s.destroyed, 2);
    kn_client_free(client);
}

TEST(callbacks, a_log_that_throws_loses_its_line_alone) {
    fault_server server({answers(202), answers(500)});
    seen s;
    kn_options *options = kn_options_new();
    ASSERT_EQ(kn_options_set_log(options, KN_LOG_DEBUG, throw_in_the_log, &s, throw_at_the_end),
              KN_OK);
    kn_client *client = nullptr;
    ASSERT_EQ(kn_client_new(server.url().c_str(), options, &client, nullptr), KN_OK);
    kn_options_free(options);
    EXPECT_EQ(kn_client_open_channel(client, "a", nullptr), KN_OK);
    EXPECT_EQ(kn_client_close_channel(client, "a", nullptr), KN_ESERVER);
    EXPECT_GE(s.calls, 1);
    kn_client_free(client);
    EXPECT_EQ(s.destroyed, 1);
}

#ifdef SUPPORT_THREADS_MAY_BE_ENDED

// The handle is lost with the thread, the process is not.
TEST(callbacks, a_handler_may_end_its_thread) {
    fault_server server({keeps_streaming("data: a\n\n")});
    seen s;
    ASSERT_EQ(kn_worker_new(server.url().c_str(), nullptr, &s.worker, nullptr), KN_OK);
    ASSERT_EQ(kn_worker_on(
                  s.worker, "*/*",
                  [](kn_event *, void *data) {
                      ++static_cast<seen *>(data)->calls;
                      pthread_exit(data);
                  },
                  &s, nullptr, nullptr),
              KN_OK);
    EXPECT_EQ(left_by_thread([&] { kn_worker_run(s.worker, nullptr); }), &s);
    EXPECT_EQ(s.calls, 1);
    kn_worker_free(s.worker);
}

/// A log that ends its thread as soon as a line begins so.
struct fatal_log {
    std::string beginning;
    int destroyed = 0;
};

void end_thread_in_the_log(std::int32_t, const char *text, void *data) {
    if (std::string(text).rfind(static_cast<fatal_log *>(data)->beginning, 0) == 0)
        pthread_exit(data);
}

kn_options *logging_to(fatal_log &where) {
    kn_options *options = kn_options_new();
    EXPECT_EQ(kn_options_set_reconnect_delay_ms(options, 1, 1), KN_OK);
    EXPECT_EQ(kn_options_set_log(options, KN_LOG_DEBUG, end_thread_in_the_log, &where,
                                 [](void *data) { ++static_cast<fatal_log *>(data)->destroyed; }),
              KN_OK);
    return options;
}

class logs_of_a_worker : public testing::TestWithParam<const char *> {};

TEST_P(logs_of_a_worker, may_end_their_thread) {
    fault_server server({streams("event: a/b\ndata: {}\n\nevent: a/close\ndata: {}\n\n")});
    fatal_log log{GetParam()};
    kn_options *options = logging_to(log);
    kn_worker *worker = nullptr;
    ASSERT_EQ(kn_worker_new(server.url().c_str(), options, &worker, nullptr), KN_OK);
    kn_options_free(options);
    const bool closes = log.beginning == "closed";
    ASSERT_EQ(kn_worker_on(
                  worker, closes ? "*/close" : "*/none",
                  [](kn_event *, void *data) {
                      kn_worker_close(static_cast<kn_worker *>(data), 0, nullptr);
                  },
                  worker, nullptr, nullptr),
              KN_OK);
    EXPECT_EQ(left_by_thread([&] { kn_worker_run(worker, nullptr); }), &log);
    kn_worker_free(worker);
    EXPECT_EQ(log.destroyed, 1);
}

INSTANTIATE_TEST_SUITE_P(callbacks, logs_of_a_worker,
                         testing::Values("connecting to", "connected to", "no handler for",
                                         "the server ended", "closed"));

TEST(callbacks, a_log_of_a_client_may_end_its_thread) {
    for (const bool async : {false, true}) {
        fault_server server({answers(500)});
        fatal_log log{"the server failed"};
        kn_options *options = logging_to(log);
        kn_client *client = nullptr;
        ASSERT_EQ(kn_client_new(server.url().c_str(), options, &client, nullptr), KN_OK);
        kn_options_free(options);
        EXPECT_EQ(left_by_thread([&] {
                      if (!async) {
                          kn_client_open_channel(client, "a", nullptr);
                          return;
                      }
                      kn_client_open_channel_async(client, "a", nullptr, nullptr, nullptr, nullptr);
                      kn_client_flush(client, longer_than_patience_ms, nullptr);
                  }),
                  &log)
            << async;
        kn_client_free(client);
        EXPECT_EQ(log.destroyed, 1);
    }
}

/// A worker's request and a client's.
void answer_both(conversation &with) {
    const bool is_stream = with.receive().method == "GET";
    with.send(is_stream ? stream_head() + "event: a/b\ndata: {}\n\n"
                        : whole_answer(202, {"Connection: close"}));
    if (is_stream)
        with.stall();
}

/// Handles whose callbacks have a `destroy` that ends its thread.
struct scene {
    scene() {
        EXPECT_EQ(kn_client_new(server.url().c_str(), nullptr, &client, nullptr), KN_OK);
        EXPECT_EQ(kn_worker_new(server.url().c_str(), nullptr, &worker, nullptr), KN_OK);
    }
    ~scene() {
        kn_worker_free(worker);
        kn_client_free(client);
        kn_options_free(options);
    }
    scene(const scene &) = delete;
    scene &operator=(const scene &) = delete;

    void free_worker() { kn_worker_free(std::exchange(worker, nullptr)); }
    void free_client() { kn_client_free(std::exchange(client, nullptr)); }
    void free_options() { kn_options_free(std::exchange(options, nullptr)); }

    fault_server server{std::vector<script>{answer_both}};
    kn_options *options = kn_options_new();
    kn_client *client = nullptr;
    kn_worker *worker = nullptr;
    int destroyed = 0;
};

void end_thread(void *data) {
    ++static_cast<scene *>(data)->destroyed;
    pthread_exit(data);
}

void do_nothing(kn_event *, void *) {}
void do_nothing(const kn_error *, void *) {}
void do_nothing(std::int32_t, const char *, void *) {}

void handle(scene &s) {
    EXPECT_EQ(kn_worker_on(s.worker, "a/b", do_nothing, &s, end_thread, nullptr), KN_OK);
}

void log_for(scene &s) {
    EXPECT_EQ(kn_options_set_log(s.options, KN_LOG_ERROR, do_nothing, &s, end_thread), KN_OK);
}

struct destroy {
    const char *of;
    void (*run)(scene &);
};
void PrintTo(const destroy &d, std::ostream *out) { *out << d.of; }

class destroys : public testing::TestWithParam<destroy> {};

TEST_P(destroys, may_end_their_thread) {
    scene s;
    EXPECT_EQ(left_by_thread([&] { GetParam().run(s); }), &s);
    EXPECT_EQ(s.destroyed, 1);
}

INSTANTIATE_TEST_SUITE_P(
    callbacks, destroys,
    testing::Values(
        destroy{
            "a_refused_handler",
            [](scene &s) { kn_worker_on(s.worker, "ab", do_nothing, &s, end_thread, nullptr); }},
        destroy{"a_handler_that_is_none",
                [](scene &s) { kn_worker_on(s.worker, "a/b", nullptr, &s, end_thread, nullptr); }},
        destroy{"a_replaced_handler",
                [](scene &s) {
                    handle(s);
                    kn_worker_on(s.worker, "a/b", do_nothing, nullptr, nullptr, nullptr);
                }},
        destroy{"a_handler_that_replaced_itself",
                [](scene &s) {
                    const auto replace = [](kn_event *, void *data) {
                        auto &of = *static_cast<scene *>(data);
                        kn_worker_on(of.worker, "a/b", do_nothing, nullptr, nullptr, nullptr);
                    };
                    kn_worker_on(s.worker, "a/b", replace, &s, end_thread, nullptr);
                    kn_worker_run(s.worker, nullptr);
                }},
        destroy{"an_error_handler_that_replaced_itself",
                [](scene &s) {
                    const port nowhere;
                    s.free_worker();
                    kn_worker_new(nowhere.url().c_str(), nullptr, &s.worker, nullptr);
                    const auto replace = [](const kn_error *, void *data) {
                        auto &of = *static_cast<scene *>(data);
                        kn_worker_on_error(of.worker, do_nothing, nullptr, nullptr, nullptr);
                    };
                    kn_worker_on_error(s.worker, replace, &s, end_thread, nullptr);
                    kn_event *event = nullptr;
                    kn_worker_next(s.worker, longer_than_patience_ms, &event, nullptr);
                }},
        destroy{"a_freed_worker_s_handler",
                [](scene &s) {
                    handle(s);
                    s.free_worker();
                }},
        destroy{"a_replaced_log",
                [](scene &s) {
                    log_for(s);
                    kn_options_set_log(s.options, KN_LOG_ERROR, nullptr, nullptr, nullptr);
                }},
        destroy{"a_log_of_freed_options",
                [](scene &s) {
                    log_for(s);
                    s.free_options();
                }},
        destroy{"a_log_of_a_freed_client",
                [](scene &s) {
                    log_for(s);
                    s.free_client();
                    kn_client_new(s.server.url().c_str(), s.options, &s.client, nullptr);
                    s.free_options();
                    s.free_client();
                }},
        destroy{"a_refused_completion",
                [](scene &s) {
                    kn_client_open_channel_async(s.client, "a b", nullptr, &s, end_thread, nullptr);
                }},
        destroy{"a_completion",
                [](scene &s) {
                    kn_client_open_channel_async(s.client, "a", nullptr, &s, end_thread, nullptr);
                    kn_client_flush(s.client, longer_than_patience_ms, nullptr);
                }},
        destroy{"a_dropped_completion",
                [](scene &s) {
                    kn_client_open_channel_async(s.client, "a", nullptr, &s, end_thread, nullptr);
                    s.free_client();
                }}),
    [](const auto &generated) { return std::string(generated.param.of); });

/// Any call will do.
void make_a_call() { kn_options_free(nullptr); }

TEST(callbacks, what_is_left_to_destroy_when_a_thread_ends_is_left_to_the_next_call) {
    scene s;
    handle(s);
    ASSERT_EQ(kn_worker_on(s.worker, "a/c", do_nothing, &s, end_thread, nullptr), KN_OK);
    EXPECT_EQ(left_by_thread([&] { s.free_worker(); }), &s);
    EXPECT_EQ(s.destroyed, 1);
    EXPECT_EQ(left_by_thread(make_a_call), &s);
    EXPECT_EQ(s.destroyed, 2);
    make_a_call();
    EXPECT_EQ(s.destroyed, 2);
}

TEST(callbacks, a_handler_may_free_its_worker_and_end_its_thread) {
    scene s;
    const auto free_and_end = [](kn_event *, void *data) {
        static_cast<scene *>(data)->free_worker();
        pthread_exit(data);
    };
    ASSERT_EQ(kn_worker_on(s.worker, "a/b", free_and_end, &s, end_thread, nullptr), KN_OK);
    kn_worker *const worker = s.worker;
    EXPECT_EQ(left_by_thread([worker] { kn_worker_run(worker, nullptr); }), &s);
    EXPECT_EQ(left_by_thread(make_a_call), &s);
    EXPECT_EQ(s.destroyed, 1);
}

#endif

} // namespace
} // namespace faults
