// Batches on a server that does not take any: they go out one by one, in their order.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"

namespace faults {
namespace {

using batch_ptr = std::unique_ptr<kn_batch, decltype(&kn_batch_free)>;
using result_ptr = std::unique_ptr<kn_result, decltype(&kn_result_free)>;

batch_ptr three_triggers() {
    batch_ptr batch(kn_batch_new(), &kn_batch_free);
    for (const char *channel : {"a", "b", "c"})
        EXPECT_EQ(kn_batch_add(batch.get(), channel, "e", "{}", 2), KN_OK);
    return batch;
}

struct outcome {
    kn_status status = KN_OK;
    result_ptr result{nullptr, &kn_result_free};

    std::vector<kn_status> items() const {
        std::vector<kn_status> all;
        for (std::size_t i = 0; i < kn_result_count(result.get()); ++i)
            all.push_back(kn_result_item_status(result.get(), i));
        return all;
    }
};

outcome trigger(const observed_client &client, const batch_ptr &batch) {
    outcome got;
    kn_result *result = nullptr;
    got.status = kn_client_trigger_batch(client.get(), batch.get(), &result, nullptr);
    got.result.reset(result);
    return got;
}

std::vector<std::string> targets(const fault_server &server) {
    std::vector<std::string> all;
    for (const request &one : server.requests())
        all.push_back(one.target);
    return all;
}

const std::vector<std::string> one_by_one{"/vhost/channels/a/events", "/vhost/channels/b/events",
                                          "/vhost/channels/c/events"};

/// Answers each request of one connection in turn, then hangs up.
script answers_in_turn(std::vector<std::string> all) {
    return [all = std::move(all)](conversation &with) {
        for (const std::string &bytes : all) {
            with.receive();
            with.send(bytes);
        }
    };
}

/// What libcurl tries again on, where a kept connection has ended in the meantime.
script hangs_up() {
    return [](conversation &with) { with.receive(); };
}

class batch_without_resource : public testing::TestWithParam<int> {};

TEST_P(batch_without_resource, goes_out_one_by_one) {
    const std::string accepted = whole_answer(202);
    const std::string missing = whole_answer(404, {}, json_error("channel doesn't exist", 454));
    fault_server server({answers_in_turn(
        {whole_answer(GetParam()), accepted, missing, accepted, accepted, accepted, accepted})});
    const observed_client client(server.url());
    const batch_ptr batch = three_triggers();
    const outcome first = trigger(client, batch);
    EXPECT_EQ(first.status, KN_OK);
    EXPECT_EQ(first.items(), (std::vector<kn_status>{KN_OK, KN_ENOCHANNEL, KN_OK}));
    EXPECT_EQ(kn_result_status(first.result.get()), KN_ENOCHANNEL) << "the first failure";

    // It is not asked again.
    EXPECT_EQ(trigger(client, batch).items(), (std::vector<kn_status>{KN_OK, KN_OK, KN_OK}));
    std::vector<std::string> expected{"/vhost/events"};
    expected.insert(expected.end(), one_by_one.begin(), one_by_one.end());
    expected.insert(expected.end(), one_by_one.begin(), one_by_one.end());
    EXPECT_EQ(targets(server), expected);
    EXPECT_EQ(server.connections(), 1U);
}

INSTANTIATE_TEST_SUITE_P(client, batch_without_resource, testing::Values(404, 405, 501));

TEST(batch_fallback, is_not_for_a_vhost_that_is_missing) {
    fault_server server({answers(404, {}, json_error("vhost doesn't exist", 455))});
    const observed_client client(server.url());
    const outcome got = trigger(client, three_triggers());
    EXPECT_EQ(got.status, KN_ENOVHOST);
    EXPECT_EQ(got.result, nullptr);
    EXPECT_EQ(targets(server), std::vector<std::string>{"/vhost/events"});
}

TEST(batch_fallback, tells_what_no_longer_got_through) {
    fault_server server({answers_in_turn({whole_answer(404), whole_answer(202)}), hangs_up()});
    const observed_client client(server.url());
    const outcome got = trigger(client, three_triggers());
    EXPECT_EQ(got.status, KN_OK) << "one of them was answered";
    EXPECT_EQ(got.items(), (std::vector<kn_status>{KN_OK, KN_EIO, KN_EIO}));
    EXPECT_EQ(kn_result_status(got.result.get()), KN_EIO);
}

TEST(batch_fallback, fails_as_a_whole_where_nothing_got_through) {
    fault_server server({answers_in_turn({whole_answer(404)}), hangs_up()});
    const observed_client client(server.url());
    const outcome got = trigger(client, three_triggers());
    EXPECT_EQ(got.status, KN_EIO);
    EXPECT_EQ(got.result, nullptr);
}

TEST(batch_fallback, is_the_same_for_calls_that_nobody_waits_for) {
    const std::string accepted = whole_answer(202);
    fault_server server({answers_in_turn({whole_answer(404), accepted, accepted, accepted})});
    const observed_client client(server.url());
    const batch_ptr batch = three_triggers();
    std::vector<kn_status> items;
    const kn_completion told = [](const kn_result *result, void *to) {
        for (std::size_t i = 0; i < kn_result_count(result); ++i)
            static_cast<std::vector<kn_status> *>(to)->push_back(kn_result_item_status(result, i));
    };
    ASSERT_EQ(
        kn_client_trigger_batch_async(client.get(), batch.get(), told, &items, nullptr, nullptr),
        KN_OK);
    EXPECT_EQ(kn_client_flush(client.get(), longer_than_patience_ms, nullptr), KN_OK);
    EXPECT_EQ(items, (std::vector<kn_status>{KN_OK, KN_OK, KN_OK}));
    EXPECT_EQ(server.requests().size(), 4U);
}

} // namespace
} // namespace faults
