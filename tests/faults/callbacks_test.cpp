// Callbacks that behave as none should: they throw through C, or end their thread.
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <pthread.h>

#include "answers.hpp"

#include <kosmonaut/kosmonaut.h>

namespace faults {
namespace {

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

// UndefinedBehaviorSanitizer takes what is thrown to unwind a thread, which is no object, for a
// null reference where it is caught.
#ifndef __SANITIZE_ADDRESS__

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
    pthread_t running;
    const auto run = [](void *data) -> void * {
        kn_worker_run(static_cast<seen *>(data)->worker, nullptr);
        return nullptr;
    };
    ASSERT_EQ(pthread_create(&running, nullptr, run, &s), 0);
    void *left_with = nullptr;
    ASSERT_EQ(pthread_join(running, &left_with), 0);
    EXPECT_EQ(left_with, &s);
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

/// What the thread that does this leaves with.
template <class Work>
void *left_by_thread(Work work) {
    pthread_t running;
    const auto run = [](void *data) -> void * {
        (*static_cast<Work *>(data))();
        return nullptr;
    };
    EXPECT_EQ(pthread_create(&running, nullptr, run, &work), 0);
    void *left_with = nullptr;
    EXPECT_EQ(pthread_join(running, &left_with), 0);
    return left_with;
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

TEST(callbacks, the_end_of_a_completion_may_end_its_thread) {
    fault_server server({answers(202)});
    seen s;
    kn_client *client = nullptr;
    ASSERT_EQ(kn_client_new(server.url().c_str(), nullptr, &client, nullptr), KN_OK);
    const auto end = [](void *data) {
        ++static_cast<seen *>(data)->destroyed;
        pthread_exit(data);
    };
    EXPECT_EQ(left_by_thread([&] {
                  kn_client_open_channel_async(client, "a", nullptr, &s, end, nullptr);
                  kn_client_flush(client, longer_than_patience_ms, nullptr);
              }),
              &s);
    EXPECT_EQ(s.destroyed, 1);
    kn_client_free(client);
}

#endif

} // namespace
} // namespace faults
