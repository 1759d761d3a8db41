// At least once: what a handler's return says, and what is said for events that have none.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "group.hpp"

namespace faults {
namespace {

using ids_of = std::vector<std::string>;

TEST(group_handler, acknowledges_by_its_return) {
    group_server server({keeps_group_stream(records(1, 3))});
    group_worker worker(server.url());
    int handled = 0;
    worker.on("chat/said", [&](kn_event *) { ++handled; });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(3); }));
    EXPECT_EQ(handled, 3);
    EXPECT_EQ(server.count("nack"), 0U);
}

TEST(group_handler, is_the_last_one_that_matches) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    std::vector<int> ran;
    worker.on("chat/said", [&](kn_event *event) {
        ran.push_back(1);
        EXPECT_EQ(kn_event_extend(event), KN_OK) << "it has no answer yet";
    });
    worker.on("chat/*", [&](kn_event *event) {
        ran.push_back(2);
        EXPECT_EQ(kn_event_ack(event), KN_OK) << "the first one's return was none";
    });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(1); }));
    EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(group_handler, may_answer_later) {
    group_server server({keeps_group_stream(records(1, 2))});
    group_worker worker(server.url());
    kn_event *kept = nullptr;
    worker.on("chat/said", [&](kn_event *event) {
        if (kept != nullptr)
            return;
        EXPECT_EQ(kn_event_defer(event), KN_OK);
        kept = kn_event_retain(event);
    });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(2); }));
    EXPECT_EQ(server.answers().at(0).ids, ids_of{"e-2"});
    EXPECT_EQ(kn_event_defer(kept), KN_ESTATE) << "outside of its handler";
    EXPECT_EQ(kn_event_ack(kept), KN_OK);
    kn_event_free(kept);
    EXPECT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(1); }));
}

TEST(group_handler, that_only_keeps_the_event_has_acknowledged_it) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    kn_event *kept = nullptr;
    worker.on("chat/said", [&](kn_event *event) { kept = kn_event_retain(event); });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(1); }));
    EXPECT_EQ(kn_event_ack(kept), KN_ESTATE);
    kn_event_free(kept);
}

TEST(group_handler, that_defers_and_lets_go_has_given_back) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    worker.on("chat/said", [](kn_event *event) { EXPECT_EQ(kn_event_defer(event), KN_OK); });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.count("nack") == 1; }));
    EXPECT_EQ(server.answers().at(0).delay_ms, 1'000);
}

TEST(group_handler, does_not_acknowledge_where_that_is_off) {
    group_server server({keeps_group_stream(records(1, 2))});
    group_worker worker(server.url(),
                        [](kn_options *o) { EXPECT_EQ(kn_options_set_auto_ack(o, 0), KN_OK); });
    bool is_first = true;
    worker.on("chat/said", [&](kn_event *event) {
        if (std::exchange(is_first, false)) {
            EXPECT_EQ(kn_event_ack(event), KN_OK);
        }
    });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.count("nack") == 1; }));
    EXPECT_TRUE(server.has_acknowledged(1));
    EXPECT_FALSE(server.has_acknowledged(2));
}

TEST(group_handler, may_give_back) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    worker.on("chat/said", [](kn_event *event) { EXPECT_EQ(kn_event_nack(event, 77), KN_OK); });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.count("nack") == 1; }));
    EXPECT_EQ(server.answers().at(0).delay_ms, 77);
    EXPECT_FALSE(server.answers().at(0).is_unhandled);
}

TEST(group_handler, that_throws_has_given_back) {
    group_server server(
        {keeps_group_stream(record_of({.tag = 1, .id = "", .more = "attempt: 2\n"}))});
    group_worker worker(server.url());
    worker.on("chat/said", [](kn_event *) { throw std::runtime_error("no database"); });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.count("nack") == 1; }));
    EXPECT_EQ(server.answers().at(0).delay_ms, 5'000);
    EXPECT_FALSE(server.answers().at(0).is_unhandled);
}

TEST(group_handler, is_missing_and_the_event_goes_back) {
    group_server server(
        {keeps_group_stream(record_of({.tag = 1, .topic = "chat/other"}) + records(2, 2))});
    group_worker worker(
        server.url(), [](kn_options *o) { EXPECT_EQ(kn_options_set_filter(o, "chat/.*"), KN_OK); });
    worker.on("chat/said", [](kn_event *) {});
    ASSERT_TRUE(worker.dispatch_until(
        [&] { return server.has_acknowledged(2) && server.count("nack") == 1; }));
    for (const told_answer &told : server.answers())
        if (told.kind == "nack") {
            EXPECT_EQ(told.ids, ids_of{"e-1"});
            EXPECT_EQ(told.delay_ms, 1'000);
            EXPECT_TRUE(told.is_unhandled);
        }
    EXPECT_TRUE(worker.has_logged("no handler for chat/other"));
}

TEST(group_handler, for_gaps_is_asked_for) {
    group_server server({keeps_group_stream(
        record_of({.tag = 1, .topic = ":gap", .data = R"({"reason":"overflow"})"}))});
    group_worker worker(server.url());
    std::string heard;
    worker.on("chat/said", [](kn_event *) {});
    worker.on("*/:gap", [&](kn_event *event) {
        EXPECT_EQ(kn_event_kind(event), KN_EVENT_GAP);
        heard = kn_event_data(event, nullptr);
    });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(1); }));
    EXPECT_EQ(heard, R"({"reason":"overflow"})");
}

TEST(group_handler, for_gaps_is_missing_and_the_log_says_it) {
    group_server server({keeps_group_stream(
        record_of({.tag = 1, .topic = ":gap", .data = R"({"reason":"overflow"})"}))});
    group_worker worker(server.url());
    worker.on("*/*", [](kn_event *) { ADD_FAILURE() << "a star covers no gap"; });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(1); }));
    EXPECT_TRUE(worker.has_logged(R"({"reason":"overflow"})"));
}

TEST(group_handler, does_not_keep_the_answers_of_others) {
    group_server server({keeps_group_stream(records(1, 6))});
    group_worker worker(server.url());
    std::vector<bool> was_acknowledged;
    worker.on("chat/said", [&](kn_event *) {
        was_acknowledged.push_back(server.has_acknowledged(1));
        std::this_thread::sleep_for(milliseconds(150));
    });
    ASSERT_TRUE(worker.dispatch_until([&] { return was_acknowledged.size() == 6; }));
    EXPECT_FALSE(was_acknowledged.at(0));
    EXPECT_TRUE(was_acknowledged.at(5)) << "the first answer waited for the last handler";
}

TEST(group_handler, that_is_slow_has_those_that_wait_extended) {
    group_server server({keeps_group_stream(records(1, 12), {.deadline_ms = 900})});
    group_worker worker(server.url());
    int handled = 0;
    worker.on("chat/said", [&](kn_event *) {
        ++handled;
        std::this_thread::sleep_for(milliseconds(60));
    });
    ASSERT_TRUE(worker.dispatch_until([&] { return handled == 12; }));
    bool names_the_last = false;
    for (const told_answer &told : server.answers()) {
        if (told.kind != "extend")
            continue;
        EXPECT_EQ(std::count(told.ids.begin(), told.ids.end(), "e-1"), 0);
        names_the_last |= std::count(told.ids.begin(), told.ids.end(), "e-12") != 0;
    }
    EXPECT_TRUE(names_the_last);
}

TEST(group_handler, runs_once_for_an_id_that_waits) {
    group_server server(
        {keeps_group_stream(records(1, 2) + record_of({.tag = 3, .id = "e-2"}) + records(4, 4))});
    group_worker worker(server.url());
    ids_of handled;
    worker.on("chat/said", [&](kn_event *event) { handled.emplace_back(kn_event_id(event)); });
    ASSERT_TRUE(worker.dispatch_until([&] { return server.has_acknowledged(4); }));
    EXPECT_EQ(handled, (ids_of{"e-1", "e-2", "e-4"}));
}

TEST(group_handler, of_a_filter_that_is_wider_than_the_handlers_gives_the_rest_back) {
    group_server server({keeps_group_stream(record_of({.tag = 1, .topic = "other/said"}) +
                                            record_of({.tag = 2, .topic = "c0/said"}))});
    group_worker worker(server.url());
    std::vector<std::string> handled;
    for (int i = 0; i < 1000; ++i) // too many for a filter
        worker.on(("c" + std::to_string(i) + "/said").c_str(),
                  [&](kn_event *event) { handled.emplace_back(kn_event_topic(event)); });
    ASSERT_TRUE(worker.dispatch_until(
        [&] { return server.has_acknowledged(2) && server.count("nack") == 1; }));
    EXPECT_EQ(handled, ids_of{"c0/said"});
}

TEST(group_dispatch, ends_though_more_and_more_comes) {
    group_server server({[](conversation &with, const request &) {
        with.send(group_stream_head());
        for (std::uint64_t tag = 1;; ++tag) {
            with.send(records(tag, tag));
            with.pause(milliseconds(2));
        }
    }});
    group_worker worker(server.url());
    worker.on("chat/said", [](kn_event *) { std::this_thread::sleep_for(milliseconds(25)); });
    const clock::time_point began = clock::now();
    int calls = 0;
    while (clock::now() - began < milliseconds(500) && calls < 1000) {
        EXPECT_GE(kn_worker_dispatch(worker.get(), nullptr), KN_OK);
        ++calls;
    }
    EXPECT_GT(calls, 1);
}

} // namespace
} // namespace faults
