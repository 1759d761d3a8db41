// client, the calls that nobody waits for, and batches: what the wrapper adds to the C API.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <poll.h>

#include <kosmonaut/kosmonaut.hpp>

#include "broker_fixture.hpp"
#include "ended_thread.hpp"
#include "unused_address.hpp"

namespace {

using namespace std::chrono_literals;
using kosmonaut::batch;
using kosmonaut::client;
using kosmonaut::result_ref;
using kosmonaut::status;

static_assert(std::is_nothrow_move_constructible_v<batch>);
static_assert(!std::is_copy_constructible_v<batch>);
static_assert(std::is_nothrow_move_constructible_v<kosmonaut::result>);
static_assert(std::is_nothrow_move_assignable_v<kosmonaut::result>);
static_assert(!std::is_copy_constructible_v<kosmonaut::result>);
static_assert(std::is_trivially_copyable_v<result_ref>);

struct mishap {
    int number;
};

TEST(Async, ACompletionHearsOfAFailure) {
    client calls(unused_address());
    std::optional<kosmonaut::error> heard;
    calls.open_channel_async("news", [&](result_ref ended) { heard = ended.error(); });
    EXPECT_EQ(calls.pending(), 1U);
    EXPECT_EQ(calls.flush(10s), status::ok);
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->status(), status::connect);
    EXPECT_EQ(calls.requests(), 1);
    EXPECT_EQ(calls.requests(status::connect), 1);
}

#ifdef SUPPORT_THREADS_MAY_BE_ENDED
TEST(Async, ACompletionMayEndItsThread) {
    client calls(unused_address());
    calls.open_channel_async("news", [&](result_ref) { pthread_exit(&calls); });
    EXPECT_EQ(support::left_by_thread([&] { calls.flush(10s); }), &calls);
}
#endif

TEST(Async, CompletionsAreMovedInAndEndWithTheirCall) {
    client calls(unused_address());
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = owned;
    calls.open_channel_async("news", [kept = std::move(owned)](result_ref) {});
    EXPECT_FALSE(watched.expired());
    EXPECT_EQ(calls.flush(10s), status::ok);
    EXPECT_TRUE(watched.expired());
}

TEST(Async, WhatIsNotTakenThrowsAndEndsItsCompletion) {
    client calls(unused_address(), kosmonaut::options().max_pending(1));
    auto owned = std::make_shared<int>(1);
    const std::weak_ptr<int> watched = owned;
    calls.open_channel_async("news");
    try {
        calls.open_channel_async("news", [kept = std::move(owned)](result_ref) {});
        FAIL() << "it was taken";
    } catch (const kosmonaut::error &error) {
        EXPECT_EQ(error.status(), status::full);
    }
    EXPECT_TRUE(watched.expired());
}

TEST(Async, AnExceptionComesOutOfFlushOnceAndLosesNothing) {
    client calls(unused_address(), kosmonaut::options().max_connections(1));
    int ended = 0;
    calls.open_channel_async("a", [](result_ref) { throw mishap{7}; });
    calls.open_channel_async("b", [&](result_ref) { ++ended; });
    try {
        calls.flush(10s);
        FAIL() << "it did not throw";
    } catch (const mishap &thrown) {
        EXPECT_EQ(thrown.number, 7);
    }
    EXPECT_EQ(calls.flush(10s), status::ok);
    EXPECT_EQ(ended, 1);
}

TEST(Async, AnInterruptOfTheUsersIsReportedEvenBesideAnException) {
    client calls(unused_address());
    calls.open_channel_async("a", [&](result_ref) {
        calls.interrupt();
        throw mishap{7};
    });
    EXPECT_THROW(calls.flush(10s), mishap);
    EXPECT_EQ(calls.flush(10s), status::interrupted);
    EXPECT_EQ(calls.flush(10s), status::ok);
}

TEST(Async, ACompletionMayDestroyItsClient) {
    auto calls = std::make_unique<client>(unused_address());
    calls->open_channel_async("a", [&](result_ref) { calls.reset(); });
    client &still_inside = *calls;
    EXPECT_EQ(still_inside.flush(10s), status::closed);
    EXPECT_EQ(calls, nullptr);
}

TEST(Async, AMovedFromClientIsInvalid) {
    client calls(unused_address());
    const client other = std::move(calls);
    EXPECT_THROW(calls.open_channel_async("a"), kosmonaut::error); // NOLINT: on purpose
    EXPECT_EQ(calls.interrupt(), status::invalid);
    EXPECT_EQ(calls.fd(), -1);
    EXPECT_EQ(calls.pending(), 0U);
}

TEST(Batch, ChecksWhatIsAdded) {
    batch triggers;
    EXPECT_TRUE(triggers.empty());
    EXPECT_THROW(triggers.add("a/b", "e"), kosmonaut::error);
    std::error_code code;
    triggers.add("a", "e", "[]", code);
    EXPECT_EQ(code, status::json);
    triggers.add("a", "e").add("b", "f", R"({"n":1})");
    EXPECT_EQ(triggers.size(), 2U);
    triggers.clear();
    EXPECT_TRUE(triggers.empty());
}

TEST(Batch, AResultOfNothingIsEmpty) {
    const result_ref none(nullptr);
    EXPECT_TRUE(none.is_ok());
    EXPECT_FALSE(none.error());
    EXPECT_FALSE(none.token());
    EXPECT_EQ(none.size(), 0U);
    EXPECT_EQ(none.status(0), status::invalid);
    EXPECT_FALSE(none.error(0));
}

class AsyncAtABroker : public BrokerTest {};

TEST_F(AsyncAtABroker, EveryRequestHasATwin) {
    client calls(url(), kosmonaut::options().max_connections(1));
    std::string trace;
    const auto note = [&](const char *what) {
        return [&trace, what](result_ref ended) {
            trace += std::string(what) + ":" + std::string(kosmonaut::name(ended.status())) + " ";
        };
    };
    calls.open_channel_async("news", note("open"));
    calls.trigger_async("news", "hello", "{}", note("trigger"));
    calls.trigger_batch_async(batch().add("news", "a").add("nowhere", "b"), note("batch"));
    calls.request_token_async("joe", ".*", [&](result_ref ended) {
        trace += "token:" + std::to_string(ended.token().value_or("").size()) + " ";
    });
    calls.close_channel_async("news", note("close"));
    EXPECT_EQ(calls.flush(10s), status::ok);
    EXPECT_EQ(trace, "open:KN_OK trigger:KN_OK batch:KN_ENOCHANNEL token:128 close:KN_OK ");
    EXPECT_NE(calls.stats().find(R"("requests":5)"), std::string::npos);
    EXPECT_EQ(calls.connections(), 1);
}

TEST_F(AsyncAtABroker, ALoopOfOnesOwnWatchesTheDescriptor) {
    client calls(url());
    int ended = 0;
    for (int i = 0; i < 20; ++i) {
        calls.open_channel_async("news", [&](result_ref) { ++ended; });
    }
    while (ended < 20) {
        pollfd ready{calls.fd(), POLLIN, 0};
        ASSERT_EQ(poll(&ready, 1, 10000), 1);
        const status said = calls.dispatch();
        ASSERT_TRUE(said == status::ok || said == status::again);
    }
}

TEST_F(AsyncAtABroker, ABatchTellsHowEachTriggerEnded) {
    client calls(url());
    calls.open_channel("news");
    kosmonaut::result ended = calls.trigger_batch(batch().add("news", "a").add("nowhere", "b"));
    EXPECT_FALSE(ended.is_ok());
    EXPECT_EQ(ended.size(), 2U);
    EXPECT_EQ(ended.status(0), status::ok);
    EXPECT_FALSE(ended.error(0));
    EXPECT_EQ(ended.status(1), status::no_channel);
    EXPECT_EQ(ended.error(1)->server_code(), 454);
    const kosmonaut::result moved = std::move(ended);
    EXPECT_EQ(moved.size(), 2U);
    EXPECT_EQ(ended.size(), 0U); // NOLINT: on purpose
    std::error_code code;
    EXPECT_EQ(calls.trigger_batch(batch(), code).size(), 0U);
    EXPECT_EQ(code, status::invalid);
}

TEST_F(AsyncAtABroker, AWorkerCounts) {
    kosmonaut::worker listening(url());
    connect(listening);
    browser().authenticate("joe", ".*");
    browser().trigger("chat/save", "{}");
    ASSERT_TRUE(listening.next(10s));
    EXPECT_EQ(listening.events(), 1);
    EXPECT_GT(listening.bytes(), 0);
    EXPECT_EQ(listening.reconnects(), 0);
    EXPECT_EQ(listening.lag(), 0ms);
    EXPECT_FALSE(listening.last_error());
    EXPECT_NE(listening.stats().find(R"("state":"connected")"), std::string::npos);
}

} // namespace
