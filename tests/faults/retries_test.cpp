// Calls that wait, and are tried again: which of them, how often, and when.
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "keyed_server.hpp"

namespace faults {
namespace {

told_failure trigger(const observed_client &client) { return client.call(operation::trigger); }

std::string stats_of(const observed_client &client) {
    char *text = nullptr;
    EXPECT_EQ(kn_client_stats(client.get(), &text, nullptr), KN_OK);
    std::string stats = text != nullptr ? text : "";
    kn_string_free(text);
    return stats;
}

TEST(retries, after_a_lost_answer_with_the_same_key) {
    const keyed_server server({loses_it, loses_it});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_OK);
    EXPECT_EQ(trigger(client).status, KN_OK);
    EXPECT_EQ(trigger(client).status, KN_OK);
    const std::vector<std::string> keys = server.keys();
    ASSERT_EQ(keys.size(), 4U);
    EXPECT_EQ(keys[0], keys[1]);
    EXPECT_EQ(keys[0], keys[2]);
    EXPECT_NE(keys[0], keys[3]);
    EXPECT_NE(stats_of(client).find(R"("retries":2)"), std::string::npos) << stats_of(client);
    EXPECT_NE(stats_of(client).find(R"("requests":3)"), std::string::npos) << stats_of(client);
}

TEST(retries, a_key_is_new_for_each_call) {
    const keyed_server server({});
    const keyed_server others({});
    std::set<std::string> keys;
    for (const keyed_server *at : {&server, &others}) {
        const observed_client client(at->url(), with_retries());
        for (int i = 0; i < 50; ++i)
            EXPECT_EQ(trigger(client).status, KN_OK);
        for (const std::string &key : at->keys()) {
            EXPECT_EQ(key.size(), 22U);
            EXPECT_EQ(key.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "abcdefghijklmnopqrstuvwxyz"),
                      std::string::npos);
            keys.insert(key);
        }
    }
    EXPECT_EQ(keys.size(), 98U);
}

TEST(retries, what_changes_nothing_twice_has_no_key) {
    const keyed_server server({});
    const observed_client client(server.url(), with_retries());
    for (const operation what : {operation::open_channel, operation::close_channel})
        EXPECT_EQ(client.call(what).status, KN_OK);
    for (const request &one : server.requests())
        EXPECT_EQ(one.header("Idempotency-Key"), std::nullopt);
}

/// It would ignore the key, and carry the call out again.
TEST(retries, not_at_a_server_that_knows_no_keys) {
    const keyed_server server({loses_it}, {});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_OK);
    const told_failure failure = trigger(client);
    EXPECT_EQ(failure.status, KN_EIO);
    EXPECT_NE(failure.message.find("may have been carried out"), std::string::npos);
    EXPECT_EQ(server.count(), 2U);
}

TEST(retries, not_before_the_first_answer_has_told) {
    fault_server server({resets_after(""), answers(202, {features})});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_EIO);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST(retries, nor_when_the_server_has_been_replaced_by_an_older_one) {
    fault_server server({answers(202, {features}), answers(202), resets_after("")});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_OK);
    EXPECT_EQ(trigger(client).status, KN_OK);
    EXPECT_EQ(trigger(client).status, KN_EIO);
    EXPECT_EQ(server.requests().size(), 3U);
}

TEST(retries, of_what_has_not_left_at_any_server) {
    const port nobody;
    const observed_client vain(nobody.url(), with_retries());
    const told_failure failure = trigger(vain);
    EXPECT_EQ(failure.status, KN_ECONNECT);
    EXPECT_NE(failure.message.find("tried 5 times"), std::string::npos) << failure.message;

    port where;
    const observed_client client(where.url(), with_retries(100));
    std::optional<fault_server> server;
    std::thread opener([&] {
        std::this_thread::sleep_for(milliseconds(30));
        server.emplace(std::move(where), std::vector<script>{says(whole_answer(202))});
    });
    EXPECT_EQ(trigger(client).status, KN_OK);
    opener.join();
    EXPECT_EQ(server->requests().size(), 1U);
}

TEST(retries, of_what_is_the_same_twice_at_any_server) {
    for (const operation what :
         {operation::open_channel, operation::close_channel, operation::request_token}) {
        fault_server server({resets_after(""), says(good_answer(what))});
        const observed_client client(server.url(), with_retries());
        EXPECT_EQ(client.call(what).status, KN_OK);
        EXPECT_EQ(server.requests().size(), 2U);
    }
}

/// The first try has closed it.
TEST(retries, a_channel_that_is_gone_was_closed) {
    const std::string gone =
        whole_answer(404, {"Content-Type: application/json"}, json_error("no channel", 454));
    {
        fault_server server({resets_after(""), says(gone)});
        const observed_client client(server.url(), with_retries());
        EXPECT_EQ(client.call(operation::close_channel).status, KN_OK);
    }
    fault_server server({says(gone)});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(client.call(operation::close_channel).status, KN_ENOCHANNEL);
}

TEST(retries, by_status) {
    for (const int status : {408, 425, 429, 502, 503, 504}) {
        const keyed_server server({refuses(status)});
        const observed_client client(server.url(), with_retries());
        EXPECT_EQ(trigger(client).status, KN_OK);
        EXPECT_EQ(trigger(client).status, KN_OK) << status;
        EXPECT_EQ(server.count(), 3U) << status;
    }
    for (const int status : {400, 401, 403, 404, 409, 413, 500, 501}) {
        const keyed_server server({refuses(status)});
        const observed_client client(server.url(), with_retries());
        EXPECT_EQ(trigger(client).status, KN_OK);
        EXPECT_LT(trigger(client).status, 0) << status;
        EXPECT_EQ(server.count(), 2U) << status;
    }
}

TEST(retries, a_key_of_another_call_is_a_conflict) {
    const keyed_server server({refuses(409)});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_OK);
    EXPECT_EQ(trigger(client).status, KN_ECONFLICT);
}

TEST(retries, as_often_as_was_asked_for) {
    for (const std::int32_t most : {0, 1, 3}) {
        const keyed_server server(std::vector<keyed_server::part>(10, refuses(503)));
        const observed_client client(server.url(), with_retries(most));
        EXPECT_EQ(trigger(client).status, KN_OK);
        const told_failure failure = trigger(client);
        EXPECT_EQ(failure.status, KN_EUNAVAILABLE);
        EXPECT_EQ(server.count(), 2U + static_cast<std::size_t>(most));
        const std::string words = "tried " + std::to_string(most + 1) + " times";
        EXPECT_EQ(failure.message.find(words) != std::string::npos, most > 0) << failure.message;
        EXPECT_EQ(server.keys().front().empty(), most == 0);
    }
}

TEST(retries, wait_as_long_as_the_server_asks_for) {
    const keyed_server server({refuses(503, {"Retry-After: 1"})});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_OK);
    EXPECT_EQ(trigger(client).status, KN_OK);
    const std::vector<request> asked = server.requests();
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_GE(asked[2].arrived - asked[1].arrived, milliseconds(1000));
}

TEST(retries, not_where_that_is_longer_than_the_call_may_take) {
    const keyed_server server({refuses(503, {"Retry-After: 60"})});
    const observed_client client(server.url(), with_retries(4, 20'000));
    EXPECT_EQ(trigger(client).status, KN_OK);
    const clock::time_point began = clock::now();
    const told_failure failure = trigger(client);
    EXPECT_EQ(failure.status, KN_EUNAVAILABLE);
    EXPECT_EQ(failure.retry_after_ms, 60'000);
    EXPECT_LT(clock::now() - began, std::chrono::seconds(15));
    EXPECT_EQ(server.count(), 2U);
}

TEST(retries, a_try_has_half_of_the_time_that_is_left) {
    const keyed_server server({says_nothing});
    const observed_client client(server.url(), with_retries(4, 4'000));
    EXPECT_EQ(trigger(client).status, KN_OK);
    const clock::time_point began = clock::now();
    EXPECT_EQ(trigger(client).status, KN_OK);
    EXPECT_GE(clock::now() - began, milliseconds(1'900));
    EXPECT_LT(clock::now() - began, milliseconds(3'900));
    EXPECT_EQ(server.keys()[0], server.keys()[1]);
}

TEST(retries, all_of_them_have_the_time_of_one_call) {
    const keyed_server server(std::vector<keyed_server::part>(10, says_nothing));
    const observed_client client(server.url(), with_retries(9, 3'000));
    EXPECT_EQ(trigger(client).status, KN_OK);
    const clock::time_point began = clock::now();
    EXPECT_EQ(trigger(client).status, KN_ETIMEOUT);
    EXPECT_GE(clock::now() - began, milliseconds(2'500));
    EXPECT_LT(clock::now() - began, milliseconds(4'000));
}

/// Or all clients together would ask for many times what the server cannot do.
TEST(retries, are_few_where_all_fails) {
    constexpr int calls = 60;
    const keyed_server server(std::vector<keyed_server::part>(1000, refuses(503)));
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_OK);
    for (int i = 0; i < calls; ++i)
        EXPECT_EQ(trigger(client).status, KN_EUNAVAILABLE);
    const std::size_t repeated = server.count() - 1 - calls;
    EXPECT_GE(repeated, 10U);
    EXPECT_LE(repeated, 10U + calls / 10);
}

TEST(retries, a_batch_as_a_whole) {
    const std::string body = R"({"results":[{"status":202},{"status":202}]})";
    const keyed_server server(
        {loses_it, [&](conversation &with) { with.send(whole_answer(200, {features}, body)); }});
    const observed_client client(server.url(), with_retries());
    EXPECT_EQ(trigger(client).status, KN_OK);
    kn_batch *batch = kn_batch_new();
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(kn_batch_add(batch, "news", "hello", nullptr, 0), KN_OK);
    kn_result *result = nullptr;
    EXPECT_EQ(kn_client_trigger_batch(client.get(), batch, &result, nullptr), KN_OK);
    EXPECT_EQ(kn_result_status(result), KN_OK);
    kn_result_free(result);
    kn_batch_free(batch);
    ASSERT_EQ(server.keys().size(), 2U);
    EXPECT_EQ(server.keys()[0], server.keys()[1]);
}

/// Whoever waits for another try need not be waited for.
TEST(retries, end_with_the_client) {
    const keyed_server server({refuses(503, {"Retry-After: 30"})});
    kn_options *options = kn_options_new();
    kn_client *client = nullptr;
    EXPECT_EQ(kn_client_new(server.url().c_str(), options, &client, nullptr), KN_OK);
    kn_options_free(options);
    EXPECT_EQ(kn_client_trigger(client, "news", "hello", nullptr, 0, nullptr), KN_OK);
    kn_status status = KN_OK;
    std::thread caller(
        [&] { status = kn_client_trigger(client, "news", "hello", nullptr, 0, nullptr); });
    EXPECT_EQ(server.server().await_requests(2).size(), 2U);
    kn_client_free(client);
    const clock::time_point began = clock::now();
    caller.join();
    EXPECT_LT(clock::now() - began, std::chrono::seconds(15));
    EXPECT_TRUE(status == KN_EUNAVAILABLE || status == KN_OK) << status;
}

} // namespace
} // namespace faults
