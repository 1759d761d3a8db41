// Thousands of calls through a proxy that mistreats one answer in ten: the page hears each event
// once. KN_ONCE_CALLS says how many there are, for scripts/check-once.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <kosmonaut/kosmonaut.h>

#include "broker.hpp"
#include "browser.hpp"
#include "lossy_proxy.hpp"
#include "observed_client.hpp"

namespace faults {
namespace {

constexpr int batch_size = 10;
constexpr int threads_of_callers = 8;

int calls_of_each_manner() {
    const char *const wanted = std::getenv("KN_ONCE_CALLS");
    return (wanted != nullptr ? std::atoi(wanted) : 1800) / 3;
}

std::string numbered(int n) { return R"({"n":)" + std::to_string(n) + "}"; }

/// What a page has heard, by its number.
class listener {
  public:
    explicit listener(const std::string &url) : page_(url) {
        page_.subscribe("news");
        thread_ = std::thread([this] { listen(); });
    }
    ~listener() {
        if (thread_.joinable())
            thread_.join();
    }
    listener(const listener &) = delete;
    listener &operator=(const listener &) = delete;

    /// Ends with the event -1.
    const std::map<int, int> &heard() {
        thread_.join();
        return heard_;
    }

  private:
    void listen() {
        try {
            for (;;) {
                const std::string payload = page_.wait_for("hello");
                const int n = std::atoi(payload.c_str() + payload.find(R"("n":)") + 4);
                if (n < 0)
                    return;
                ++heard_[n];
            }
        } catch (const std::exception &error) {
            ADD_FAILURE() << error.what();
        }
    }

    support::browser page_;
    std::map<int, int> heard_;
    std::thread thread_;
};

kn_client *made(const std::string &url) {
    kn_options *options = kn_options_new();
    // Of which a try has half: more than a busy machine stands still.
    EXPECT_EQ(kn_options_set_request_timeout_ms(options, 10'000), KN_OK);
    EXPECT_EQ(kn_options_set_max_pending(options, 1'000'000), KN_OK);
    kn_client *client = nullptr;
    EXPECT_EQ(kn_client_new(url.c_str(), options, &client, nullptr), KN_OK);
    kn_options_free(options);
    EXPECT_EQ(kn_client_open_channel(client, "news", nullptr), KN_OK);
    return client;
}

void expect_done(kn_status status, const kn_error *error, int n) {
    EXPECT_EQ(status, KN_OK) << n << ": " << kn_error_message(error);
}

void call_and_wait(kn_client *client, int first, int count) {
    std::vector<std::thread> threads;
    for (int i = 0; i < threads_of_callers; ++i)
        threads.emplace_back([=] {
            for (int n = first + i; n < first + count; n += threads_of_callers) {
                const std::string data = numbered(n);
                kn_error *error = nullptr;
                const kn_status status =
                    kn_client_trigger(client, "news", "hello", data.data(), data.size(), &error);
                expect_done(status, error, n);
                kn_error_free(error);
            }
        });
    for (std::thread &thread : threads)
        thread.join();
}

void expect_good(const kn_result *result, void *) {
    expect_done(kn_result_status(result), kn_result_error(result), -1);
}

void hand_in(kn_client *client, int first, int count) {
    for (int n = first; n < first + count; ++n) {
        const std::string data = numbered(n);
        ASSERT_EQ(kn_client_trigger_async(client, "news", "hello", data.data(), data.size(),
                                          &expect_good, nullptr, nullptr, nullptr),
                  KN_OK);
        // No call is to wait longer than it has time.
        if (kn_client_pending(client) >= 200) {
            ASSERT_GE(kn_client_flush(client, 0, nullptr), KN_OK);
            while (kn_client_pending(client) >= 100)
                ASSERT_GE(kn_client_flush(client, 1, nullptr), KN_OK);
        }
    }
    ASSERT_EQ(kn_client_flush(client, -1, nullptr), KN_OK);
}

void send_batches(kn_client *client, int first, int count) {
    for (int begin = first; begin < first + count; begin += batch_size) {
        kn_batch *batch = kn_batch_new();
        for (int n = begin; n < std::min(begin + batch_size, first + count); ++n) {
            const std::string data = numbered(n);
            ASSERT_EQ(kn_batch_add(batch, "news", "hello", data.data(), data.size()), KN_OK);
        }
        kn_result *result = nullptr;
        kn_error *error = nullptr;
        expect_done(kn_client_trigger_batch(client, batch, &result, &error), error, begin);
        kn_error_free(error);
        if (result != nullptr)
            expect_good(result, nullptr);
        kn_result_free(result);
        kn_batch_free(batch);
    }
}

TEST(once, each_effect_is_there_once) {
    const int count = calls_of_each_manner();
    support::broker broker;
    const std::string url = broker.add_vhost("/moon");
    kn_client *direct = made(url);
    listener page(url);
    {
        const lossy_proxy proxy(url);
        kn_client *client = made(proxy.url());
        call_and_wait(client, 0, count);
        hand_in(client, count, count);
        send_batches(client, 2 * count, count);
        kn_client_free(client);
        EXPECT_GT(proxy.lost(), 0);
        EXPECT_GT(proxy.delayed(), 0);
        EXPECT_GT(proxy.repeated(), 0);
        std::printf("%d calls; answers lost %d, delayed %d, repeated %d\n", 3 * count, proxy.lost(),
                    proxy.delayed(), proxy.repeated());
    }
    const std::string end = numbered(-1);
    ASSERT_EQ(kn_client_trigger(direct, "news", "hello", end.data(), end.size(), nullptr), KN_OK);
    const std::map<int, int> &heard = page.heard();
    EXPECT_EQ(heard.size(), static_cast<std::size_t>(3 * count));
    for (const auto &[n, times] : heard)
        EXPECT_EQ(times, 1) << n;
    kn_client_free(direct);
    broker.stop();
}

} // namespace
} // namespace faults
