// A request whose connection ends before its answer: it reaches the server once, and the call says
// that it may have been carried out. libcurl alone would send it again, on every connection that it
// keeps and on a new one.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"

namespace faults {
namespace {

/// Answers what is asked of it, but lets the connection end where the request says "doomed".
/// Requests that say "together" are answered when as many of them are there as shall be.
class treacherous_server {
  public:
    treacherous_server(std::size_t together, bool resets)
        : together_(together), server_({[this, resets](conversation &with) {
              for (;;) {
                  const request asked = with.receive();
                  const std::string all = asked.target + asked.body;
                  if (all.find("doomed") != std::string::npos) {
                      ++doomed_;
                      if (resets)
                          with.reset();
                      return;
                  }
                  if (all.find("together") != std::string::npos)
                      await_the_others();
                  with.send(whole_answer(202));
              }
          }}) {}

    std::string url() const { return server_.url(); }
    int doomed() const { return doomed_; }

  private:
    void await_the_others() {
        std::unique_lock lock(mutex_);
        const std::size_t round = arrived_++ / together_;
        changed_.notify_all();
        changed_.wait_for(lock, patience, [&] { return arrived_ / together_ > round; });
    }

    const std::size_t together_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t arrived_ = 0;
    std::atomic<int> doomed_{0};
    fault_server server_; // goes first
};

enum class manner { blocking, async, batch, async_batch, deletion, async_deletion };

struct ending {
    const char *name;
    manner how;
    std::size_t idle;
    bool resets;
    int times;
};
void PrintTo(const ending &e, std::ostream *out) { *out << e.name; }

bool is_async(manner how) {
    return how == manner::async || how == manner::async_batch || how == manner::async_deletion;
}

/// What a completion was told.
struct told {
    kn_status status = KN_OK;
    std::string message;
};
void note(const kn_result *result, void *self) {
    auto &what = *static_cast<told *>(self);
    what.status = kn_result_status(result);
    if (what.status < 0)
        what.message = kn_error_message(kn_result_error(result));
}

class at_most_once : public testing::TestWithParam<ending> {
  protected:
    /// Leaves as many idle connections as there shall be, whatever there was before.
    void warm_up(kn_client *client) const {
        std::vector<kn_status> statuses(GetParam().idle, KN_EINTERNAL);
        if (is_async(GetParam().how)) {
            for (std::size_t i = 0; i < GetParam().idle; ++i)
                statuses[i] = kn_client_open_channel_async(client, "together", nullptr, nullptr,
                                                           nullptr, nullptr);
            ASSERT_EQ(kn_client_flush(client, longer_than_patience_ms, nullptr), KN_OK);
        } else {
            std::vector<std::thread> threads;
            for (kn_status &status : statuses)
                threads.emplace_back(
                    [&] { status = kn_client_open_channel(client, "together", nullptr); });
            for (std::thread &thread : threads)
                thread.join();
        }
        ASSERT_EQ(statuses, std::vector<kn_status>(GetParam().idle, KN_OK));
        ASSERT_EQ(static_cast<std::size_t>(kn_client_connections(client)), GetParam().idle);
    }

    /// The call that loses its connection.
    told lose(kn_client *client) const {
        told what;
        kn_error *error = nullptr;
        kn_result *result = nullptr;
        kn_batch *batch = kn_batch_new();
        EXPECT_EQ(kn_batch_add(batch, "doomed", "hello", nullptr, 0), KN_OK);
        switch (GetParam().how) {
        case manner::blocking:
            what.status = kn_client_trigger(client, "doomed", "hello", nullptr, 0, &error);
            break;
        case manner::batch:
            what.status = kn_client_trigger_batch(client, batch, &result, &error);
            break;
        case manner::deletion:
            what.status = kn_client_close_channel(client, "doomed", &error);
            break;
        case manner::async:
            EXPECT_EQ(kn_client_trigger_async(client, "doomed", "hello", nullptr, 0, &note, &what,
                                              nullptr, nullptr),
                      KN_OK);
            break;
        case manner::async_batch:
            EXPECT_EQ(kn_client_trigger_batch_async(client, batch, &note, &what, nullptr, nullptr),
                      KN_OK);
            break;
        case manner::async_deletion:
            EXPECT_EQ(
                kn_client_close_channel_async(client, "doomed", &note, &what, nullptr, nullptr),
                KN_OK);
            break;
        }
        if (is_async(GetParam().how)) {
            EXPECT_EQ(kn_client_flush(client, longer_than_patience_ms, nullptr), KN_OK);
        } else {
            what.message = taken(error).message;
        }
        EXPECT_EQ(result, nullptr);
        kn_batch_free(batch);
        return what;
    }
};

TEST_P(at_most_once, a_request_is_sent) {
    const treacherous_server server(GetParam().idle, GetParam().resets);
    const observed_client client(server.url());
    for (int i = 1; i <= GetParam().times; ++i) {
        ASSERT_NO_FATAL_FAILURE(warm_up(client.get())) << i;
        const told what = lose(client.get());
        ASSERT_EQ(what.status, KN_EIO) << i << ": " << what.message;
        ASSERT_NE(what.message.find("may have been carried out"), std::string::npos)
            << what.message;
        ASSERT_EQ(server.doomed(), i);
    }
}

INSTANTIATE_TEST_SUITE_P(
    client, at_most_once,
    testing::Values(ending{"blocking_one_idle", manner::blocking, 1, false, 1000},
                    ending{"blocking_eight_idle", manner::blocking, 8, false, 1000},
                    ending{"async_one_idle", manner::async, 1, false, 1000},
                    ending{"async_eight_idle", manner::async, 8, false, 1000},
                    ending{"batch_one_idle", manner::batch, 1, false, 1000},
                    ending{"batch_eight_idle", manner::batch, 8, false, 1000},
                    ending{"async_batch_one_idle", manner::async_batch, 1, false, 1000},
                    ending{"async_batch_eight_idle", manner::async_batch, 8, false, 1000},
                    ending{"deletion", manner::deletion, 8, false, 50},
                    ending{"async_deletion", manner::async_deletion, 8, false, 50},
                    ending{"blocking_reset", manner::blocking, 8, true, 50},
                    ending{"async_reset", manner::async, 8, true, 50}),
    [](const auto &generated) { return std::string(generated.param.name); });

TEST(at_most_once, also_where_nobody_listens_any_more) {
    // Connecting anew fails, which would say that nothing was carried out.
    port where;
    const port *open = nullptr;
    fault_server server(std::move(where), {[&](conversation &with) {
                            with.receive();
                            with.send(whole_answer(202));
                            with.receive();
                            open->shut();
                        }});
    open = &server.where();
    const observed_client client(server.url());
    EXPECT_EQ(client.call().status, KN_OK);
    const told_failure failure = client.call(operation::trigger);
    EXPECT_EQ(failure.status, KN_EIO) << failure.message;
    EXPECT_NE(failure.message.find("may have been carried out"), std::string::npos)
        << failure.message;
}

TEST(at_most_once, a_refused_connection_is_no_perhaps) {
    const port where;
    const observed_client client(where.url());
    const told_failure failure = client.call(operation::trigger);
    EXPECT_EQ(failure.status, KN_ECONNECT);
    EXPECT_EQ(failure.message.find("may have been carried out"), std::string::npos)
        << failure.message;
}

// ---- What has been idle for too long ----

constexpr int idle_ones = 8;

/// Answers as many at a time. Connections that are there when it forgets are never answered again.
class forgetful_server {
  public:
    forgetful_server() : server_({[this](conversation &with) { serve(with); }}) {}

    std::string url() const { return server_.url(); }
    void forget() { has_forgotten_ = true; }

  private:
    void serve(conversation &with) {
        const bool is_old = !has_forgotten_;
        for (;;) {
            with.receive();
            if (is_old && has_forgotten_)
                with.stall();
            if (is_old)
                await_the_others();
            with.send(whole_answer(202));
        }
    }

    void await_the_others() {
        std::unique_lock lock(mutex_);
        ++arrived_;
        changed_.notify_all();
        changed_.wait_for(lock, patience, [this] { return arrived_ == idle_ones; });
    }

    std::atomic<bool> has_forgotten_{false};
    std::mutex mutex_;
    std::condition_variable changed_;
    int arrived_ = 0;
    fault_server server_; // goes first
};

void call_together(const observed_client &client, bool async) {
    if (async) {
        for (int i = 0; i < idle_ones; ++i)
            EXPECT_EQ(
                kn_client_open_channel_async(client.get(), "c", nullptr, nullptr, nullptr, nullptr),
                KN_OK);
        EXPECT_EQ(kn_client_flush(client.get(), longer_than_patience_ms, nullptr), KN_OK);
        return;
    }
    std::vector<std::thread> threads;
    for (int i = 0; i < idle_ones; ++i)
        threads.emplace_back([&client] { EXPECT_EQ(client.call().status, KN_OK); });
    for (std::thread &thread : threads)
        thread.join();
}

kn_status call_alone(const observed_client &client, bool async) {
    if (!async)
        return client.call().status;
    told what;
    EXPECT_EQ(kn_client_open_channel_async(client.get(), "c", &note, &what, nullptr, nullptr),
              KN_OK);
    EXPECT_EQ(kn_client_flush(client.get(), longer_than_patience_ms, nullptr), KN_OK);
    return what.status;
}

/// By something between that says nothing.
TEST(idle_connections, are_forgotten_together) {
    for (const bool async : {false, true}) {
        forgetful_server server;
        client_settings how;
        how.request_timeout_ms = 1'500;
        const observed_client client(server.url(), how);
        call_together(client, async);
        EXPECT_EQ(kn_client_connections(client.get()), idle_ones);
        server.forget();
        EXPECT_EQ(call_alone(client, async), KN_ETIMEOUT);
        for (int i = 0; i < idle_ones; ++i)
            EXPECT_EQ(call_alone(client, async), KN_OK) << (async ? "async " : "blocking ") << i;
    }
}

} // namespace
} // namespace faults
