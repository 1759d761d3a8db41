// Calls that were handed in, and are tried again: who is woken for them, and what goes before what.
#include <string>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "keyed_server.hpp"

namespace faults {
namespace {

struct outcome {
    std::vector<kn_status> statuses;
    int destroyed = 0;
};

void note(const kn_result *result, void *self) {
    static_cast<outcome *>(self)->statuses.push_back(kn_result_status(result));
}
void count_destroy(void *self) { ++static_cast<outcome *>(self)->destroyed; }

void hand_in(kn_client *client, outcome &of, const std::string &data = "{}") {
    EXPECT_EQ(kn_client_trigger_async(client, "news", "hello", data.data(), data.size(), &note, &of,
                                      &count_destroy, nullptr),
              KN_OK);
}

kn_client *made(const std::string &url, std::int32_t connections = 32,
                std::int64_t request_timeout_ms = 60'000) {
    kn_options *options = kn_options_new();
    EXPECT_EQ(kn_options_set_max_connections(options, connections), KN_OK);
    EXPECT_EQ(kn_options_set_request_timeout_ms(options, request_timeout_ms), KN_OK);
    kn_client *client = nullptr;
    EXPECT_EQ(kn_client_new(url.c_str(), options, &client, nullptr), KN_OK);
    kn_options_free(options);
    EXPECT_EQ(kn_client_open_channel(client, "news", nullptr), KN_OK);
    return client;
}

bool becomes_readable(kn_client *client) {
    pollfd entry{kn_client_fd(client), POLLIN, 0};
    return poll(&entry, 1, static_cast<int>(milliseconds(patience).count())) == 1;
}

TEST(retries_async, flush_waits_for_them) {
    const keyed_server server({loses_it, refuses(503), loses_it});
    kn_client *client = made(server.url());
    outcome told;
    hand_in(client, told);
    EXPECT_EQ(kn_client_flush(client, -1, nullptr), KN_OK);
    EXPECT_EQ(told.statuses, std::vector<kn_status>{KN_OK});
    EXPECT_EQ(told.destroyed, 1);
    const std::vector<std::string> keys = server.keys();
    ASSERT_EQ(keys.size(), 4U);
    for (const std::string &key : keys)
        EXPECT_EQ(key, keys.front());
    kn_client_free(client);
}

TEST(retries_async, the_descriptor_wakes_for_them) {
    const keyed_server server({refuses(503, {"Retry-After: 1"})});
    kn_client *client = made(server.url());
    outcome told;
    hand_in(client, told);
    int wakes = 0;
    while (told.statuses.empty() && wakes < 1000) {
        ASSERT_TRUE(becomes_readable(client)) << "nobody would ever try again";
        ++wakes;
        while (kn_client_dispatch(client, nullptr) == KN_OK)
            ;
    }
    EXPECT_EQ(told.statuses, std::vector<kn_status>{KN_OK});
    EXPECT_LT(wakes, 100) << "it waits, and does not spin";
    EXPECT_EQ(kn_client_pending(client), 0U);
    kn_client_free(client);
}

TEST(retries_async, others_go_on_meanwhile) {
    const keyed_server server({refuses(503, {"Retry-After: 1"})});
    kn_client *client = made(server.url());
    outcome first;
    outcome others;
    hand_in(client, first);
    EXPECT_EQ(kn_client_flush(client, 200, nullptr), KN_AGAIN);
    for (int i = 0; i < 5; ++i)
        hand_in(client, others);
    while (others.statuses.size() < 5 && kn_client_flush(client, 50, nullptr) == KN_AGAIN)
        ;
    EXPECT_EQ(others.statuses, std::vector<kn_status>(5, KN_OK));
    EXPECT_EQ(kn_client_flush(client, -1, nullptr), KN_OK);
    EXPECT_EQ(first.statuses, std::vector<kn_status>{KN_OK});
    kn_client_free(client);
}

TEST(retries_async, on_one_connection_the_order_stays) {
    const keyed_server server({loses_it, refuses(503)});
    kn_client *client = made(server.url(), 1);
    outcome told;
    for (int i = 0; i < 5; ++i)
        hand_in(client, told, R"({"n":)" + std::to_string(i) + "}");
    EXPECT_EQ(kn_client_flush(client, -1, nullptr), KN_OK);
    EXPECT_EQ(told.statuses, std::vector<kn_status>(5, KN_OK));
    std::string order;
    for (const request &one : server.requests())
        if (const auto at = one.body.find(R"("n":)"); at != std::string::npos)
            order += one.body[at + 4];
    EXPECT_EQ(order, "0001234");
    kn_client_free(client);
}

TEST(retries_async, all_have_the_time_of_one_call) {
    const keyed_server server(std::vector<keyed_server::part>(10, says_nothing));
    kn_client *client = made(server.url(), 32, 3'000);
    outcome told;
    hand_in(client, told);
    const clock::time_point began = clock::now();
    EXPECT_EQ(kn_client_flush(client, -1, nullptr), KN_OK);
    EXPECT_EQ(told.statuses, std::vector<kn_status>{KN_ETIMEOUT});
    EXPECT_GE(clock::now() - began, milliseconds(2'500));
    EXPECT_LT(clock::now() - began, milliseconds(4'500));
    kn_client_free(client);
}

TEST(retries_async, one_that_waits_is_dropped_with_the_client) {
    const keyed_server server({refuses(503, {"Retry-After: 30"})});
    kn_client *client = made(server.url());
    outcome told;
    hand_in(client, told);
    EXPECT_EQ(kn_client_flush(client, 300, nullptr), KN_AGAIN);
    EXPECT_EQ(server.count(), 2U);
    EXPECT_EQ(kn_client_pending(client), 1U);
    kn_client_free(client);
    EXPECT_TRUE(told.statuses.empty());
    EXPECT_EQ(told.destroyed, 1);
}

TEST(retries_async, a_full_house_of_them_ends) {
    constexpr std::size_t many = 8;
    const keyed_server server(std::vector<keyed_server::part>(many, loses_it));
    kn_client *client = made(server.url(), 2);
    outcome told;
    for (std::size_t i = 0; i < many; ++i)
        hand_in(client, told);
    EXPECT_EQ(kn_client_flush(client, -1, nullptr), KN_OK);
    EXPECT_EQ(told.statuses, std::vector<kn_status>(many, KN_OK));
    kn_client_free(client);
}

} // namespace
} // namespace faults
