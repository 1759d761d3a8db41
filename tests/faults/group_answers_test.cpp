// At least once: how answers reach the broker, whatever happens on the way.
#include <algorithm>
#include <atomic>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "group.hpp"

namespace faults {
namespace {

using ids_of = std::vector<std::string>;

void acknowledge(const group_worker &, kn_event *event) {
    EXPECT_EQ(kn_event_ack(event), KN_OK) << kn_event_id(event);
}

TEST(group_request, asks_for_acknowledged_events) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    const request what = server.streams().at(0);
    EXPECT_EQ(query_value(what, "group"), "g");
    EXPECT_EQ(query_value(what, "ack"), "explicit");
    EXPECT_EQ(query_value(what, "window"), "256");
    EXPECT_EQ(query_value(what, "order"), "");
    EXPECT_EQ(query_value(what, "resume"), "");
    EXPECT_GE(query_value(what, "worker").size(), 22U);
}

TEST(group_request, says_what_was_set) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url(), [](kn_options *o) {
        EXPECT_EQ(kn_options_set_worker_name(o, "w-1"), KN_OK);
        EXPECT_EQ(kn_options_set_window(o, 7), KN_OK);
        EXPECT_EQ(kn_options_set_order(o, KN_ORDER_UID), KN_OK);
        EXPECT_EQ(kn_options_set_filter(o, "chat/said"), KN_OK);
    });
    ASSERT_TRUE(worker.await_events(1));
    const request what = server.streams().at(0);
    EXPECT_EQ(query_value(what, "worker"), "w-1");
    EXPECT_EQ(query_value(what, "window"), "7");
    EXPECT_EQ(query_value(what, "order"), "uid");
    EXPECT_EQ(query_value(what, "filter"), "chat%2Fsaid");
}

TEST(group_request, has_a_random_name_for_each_worker) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker one(server.url());
    group_worker other(server.url());
    ASSERT_TRUE(one.await_events(1));
    ASSERT_TRUE(other.await_events(1));
    EXPECT_NE(query_value(server.streams().at(0), "worker"),
              query_value(server.streams().at(1), "worker"));
}

TEST(group_request, keeps_its_name_over_connections) {
    group_server server({ends_group_stream(records(1, 1)), keeps_group_stream("")});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return server.streams().size() == 2; }));
    EXPECT_EQ(query_value(server.streams().at(0), "worker"),
              query_value(server.streams().at(1), "worker"));
}

TEST(group_options, refuse_what_cannot_be) {
    kn_options *options = kn_options_new();
    EXPECT_EQ(kn_options_set_delivery(options, 2), KN_EINVAL);
    EXPECT_EQ(kn_options_set_delivery(options, -1), KN_EINVAL);
    EXPECT_EQ(kn_options_set_group(options, nullptr), KN_EINVAL);
    EXPECT_EQ(kn_options_set_group(options, ""), KN_EINVAL);
    EXPECT_EQ(kn_options_set_group(options, "a b"), KN_EINVAL);
    EXPECT_EQ(kn_options_set_group(options, std::string(65, 'g').c_str()), KN_EINVAL);
    EXPECT_EQ(kn_options_set_window(options, 0), KN_EINVAL);
    EXPECT_EQ(kn_options_set_window(options, 10'001), KN_EINVAL);
    EXPECT_EQ(kn_options_set_order(options, -1), KN_EINVAL);
    EXPECT_EQ(kn_options_set_order(options, 4), KN_EINVAL);
    EXPECT_EQ(kn_options_set_auto_ack(options, 2), KN_EINVAL);
    EXPECT_EQ(kn_options_set_delivery(nullptr, 1), KN_EINVAL);
    EXPECT_EQ(kn_options_set_window(nullptr, 1), KN_EINVAL);
    EXPECT_EQ(kn_options_set_order(nullptr, 1), KN_EINVAL);
    EXPECT_EQ(kn_options_set_auto_ack(nullptr, 1), KN_EINVAL);
    EXPECT_EQ(kn_options_set_group(nullptr, "g"), KN_EINVAL);
    kn_options_free(options);
}

TEST(group_options, want_a_group) {
    kn_options *options = kn_options_new();
    EXPECT_EQ(kn_options_set_delivery(options, KN_AT_LEAST_ONCE), KN_OK);
    kn_worker *worker = nullptr;
    kn_error *error = nullptr;
    EXPECT_EQ(kn_worker_new(port().url().c_str(), options, &worker, &error), KN_EINVAL);
    EXPECT_NE(taken(error).message.find("kn_options_set_group()"), std::string::npos);
    EXPECT_EQ(worker, nullptr);
    kn_options_free(options);
}

TEST(group_event, says_what_the_broker_said) {
    group_server server({keeps_group_stream(
        record_of({.tag = 1,
                   .id = "abc-77",
                   .more = "attempt: 3\nref: page.12\ntime: 1764450000123\nother: x\n"}) +
        records(2, 2))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    const kn_event *first = worker.events().at(0);
    EXPECT_STREQ(kn_event_id(first), "abc-77");
    EXPECT_EQ(kn_event_attempt(first), 3);
    EXPECT_STREQ(kn_event_ref(first), "page.12");
    EXPECT_EQ(kn_event_time_ms(first), 1764450000123);
    EXPECT_EQ(kn_event_kind(first), KN_EVENT_MESSAGE);
    EXPECT_STREQ(kn_event_topic(first), "chat/said");
    const kn_event *second = worker.events().at(1);
    EXPECT_EQ(kn_event_attempt(second), 1);
    EXPECT_EQ(kn_event_ref(second), nullptr);
    EXPECT_EQ(kn_event_time_ms(second), -1);
}

TEST(group_event, of_a_plain_worker_has_none_of_it) {
    fault_server server(
        {keeps_streaming("id: 1\ntag: 4\nref: r\ntime: 5\nattempt: 6\ndata: {}\n\n")});
    kn_worker *worker = nullptr;
    ASSERT_EQ(kn_worker_new(server.url().c_str(), nullptr, &worker, nullptr), KN_OK);
    kn_event *event = nullptr;
    ASSERT_EQ(kn_worker_next(worker, longer_than_patience_ms, &event, nullptr), KN_OK);
    EXPECT_EQ(kn_event_attempt(event), 1);
    EXPECT_EQ(kn_event_ref(event), nullptr);
    EXPECT_EQ(kn_event_time_ms(event), -1);
    EXPECT_EQ(kn_event_ack(event), KN_OK);
    EXPECT_EQ(kn_event_nack(event, 0), KN_ESTATE);
    EXPECT_EQ(kn_event_decline(event, 0), KN_ESTATE);
    EXPECT_EQ(kn_event_extend(event), KN_ESTATE);
    kn_event_free(event);
    kn_worker_free(worker);
}

// ---- Acknowledging ----

TEST(group_ack, reaches_the_broker) {
    group_server server({keeps_group_stream(records(1, 1), {.name = "the \"S\""})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    acknowledge(worker, worker.events().at(0));
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") == 1; }));
    const told_answer told = server.answers().at(0);
    EXPECT_EQ(told.group, "g");
    EXPECT_EQ(told.stream, "the \\"); // as far as the test reads it
    EXPECT_EQ(told.upto, 1U);
    EXPECT_EQ(told.ids, ids_of{});
    worker.go_on_for(milliseconds(100));
    EXPECT_EQ(server.answers().size(), 1U) << "once";
}

TEST(group_ack, waits_for_others_but_not_for_long) {
    group_server server({keeps_group_stream(records(1, 40))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(40));
    for (kn_event *event : worker.events()) {
        acknowledge(worker, event);
        worker.next(1);
    }
    ASSERT_TRUE(worker.go_on_until([&] { return server.has_acknowledged(40); }));
    EXPECT_LT(server.count("ack"), 20U);
}

TEST(group_ack, names_what_is_behind_an_open_one) {
    group_server server({keeps_group_stream(records(1, 5))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(5));
    for (const std::size_t i : {0U, 1U, 3U})
        acknowledge(worker, worker.events().at(i));
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") == 1; }));
    EXPECT_EQ(server.answers().at(0).upto, 2U);
    EXPECT_EQ(server.answers().at(0).ids, ids_of{"e-4"});
    acknowledge(worker, worker.events().at(2));
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") == 2; }));
    EXPECT_EQ(server.answers().at(1).upto, 3U);
    EXPECT_EQ(server.answers().at(1).ids, ids_of{});
}

TEST(group_ack, passes_over_nothing_that_is_given_back) {
    // Not before the broker has heard of that.
    group_server server({keeps_group_stream(records(1, 3))}, [](const told_answer &told) {
        return told.kind == "nack" ? answers_text(503) : taken_answer();
    });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(3));
    EXPECT_EQ(kn_event_nack(worker.events().at(0), 0), KN_OK);
    acknowledge(worker, worker.events().at(1));
    ASSERT_TRUE(worker.go_on_until([&] { return server.has_acknowledged(2); }));
    for (const told_answer &told : server.answers())
        EXPECT_EQ(told.upto, 0U);
}

TEST(group_ack, names_a_thousand_at_a_time) {
    group_server server({keeps_group_stream(records(1, 2501))});
    group_worker worker(server.url(),
                        [](kn_options *o) { EXPECT_EQ(kn_options_set_window(o, 10'000), KN_OK); });
    ASSERT_TRUE(worker.await_events(2501));
    for (std::size_t i = 1; i < 2501; ++i)
        acknowledge(worker, worker.events().at(i));
    std::set<std::string> named;
    ASSERT_TRUE(worker.go_on_until([&] {
        named.clear();
        for (const told_answer &told : server.answers()) {
            EXPECT_LE(told.ids.size(), 1000U);
            named.insert(told.ids.begin(), told.ids.end());
        }
        return named.size() == 2500;
    }));
    EXPECT_EQ(named.count("e-1"), 0U);
}

TEST(group_ack, goes_out_while_the_driver_waits) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    std::thread other([&] {
        std::this_thread::sleep_for(milliseconds(50));
        acknowledge(worker, worker.events().at(0));
        const clock::time_point deadline = clock::now() + patience;
        while (server.count("ack") == 0 && clock::now() < deadline)
            std::this_thread::sleep_for(milliseconds(1));
        kn_worker_interrupt(worker.get());
    });
    EXPECT_EQ(worker.next(longer_than_patience_ms), KN_INTERRUPTED);
    other.join();
    EXPECT_TRUE(server.has_acknowledged(1));
}

TEST(group_ack, is_sent_again_until_it_is_taken) {
    std::atomic<int> times{0};
    group_server server({keeps_group_stream(records(1, 2))}, [&](const told_answer &) {
        const int nth = ++times;
        return nth == 1 ? "" : nth == 2 ? answers_text(503) : taken_answer();
    });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    acknowledge(worker, worker.events().at(0));
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") >= 1; }));
    acknowledge(worker, worker.events().at(1));
    ASSERT_TRUE(worker.go_on_until([&] { return times >= 3; }));
    worker.go_on_for(milliseconds(100));
    EXPECT_EQ(server.answers().back().upto, 2U);
    EXPECT_EQ(times, 3);
    ASSERT_EQ(worker.failures().size(), 2U);
    EXPECT_EQ(worker.failures().at(0).status, KN_EIO);
    EXPECT_EQ(worker.failures().at(1).status, KN_EUNAVAILABLE);
    EXPECT_NE(worker.failures().at(1).message.find("acknowledging events"), std::string::npos);
}

TEST(group_ack, of_a_group_that_is_gone_is_no_longer_owed) {
    group_server server({keeps_group_stream(records(1, 1))}, [](const told_answer &) {
        return whole_answer(404, {}, json_error("no such group", 456));
    });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    acknowledge(worker, worker.events().at(0));
    ASSERT_TRUE(worker.go_on_until([&] { return worker.failures().size() == 1; }));
    EXPECT_EQ(worker.failures().at(0).status, KN_ENOGROUP);
    EXPECT_EQ(worker.failures().at(0).server_code, 456);
    worker.go_on_for(milliseconds(300));
    EXPECT_EQ(server.answers().size(), 1U);
}

TEST(group_ack, is_one_answer) {
    group_server server({keeps_group_stream(records(1, 2))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    kn_event *first = worker.events().at(0);
    EXPECT_EQ(kn_event_ack(first), KN_OK);
    EXPECT_EQ(kn_event_ack(first), KN_ESTATE);
    EXPECT_EQ(kn_event_nack(first, 0), KN_ESTATE);
    EXPECT_EQ(kn_event_extend(first), KN_ESTATE);
    ASSERT_TRUE(worker.go_on_until([&] { return server.has_acknowledged(1); }));
    worker.go_on_for(milliseconds(20));
    EXPECT_EQ(kn_event_ack(first), KN_ESTATE) << "also when it has arrived";
}

// ---- Giving back ----

TEST(group_nack, names_the_event_and_the_delay) {
    group_server server({keeps_group_stream(records(1, 3))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(3));
    EXPECT_EQ(kn_event_nack(worker.events().at(1), 1500), KN_OK);
    EXPECT_EQ(kn_event_nack(worker.events().at(2), 0), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("nack") == 2; }));
    const std::vector<told_answer> told = server.answers();
    EXPECT_EQ(told.at(0).ids, ids_of{"e-2"});
    EXPECT_EQ(told.at(0).delay_ms, 1500);
    EXPECT_FALSE(told.at(0).is_unhandled);
    EXPECT_EQ(told.at(1).ids, ids_of{"e-3"});
    EXPECT_EQ(told.at(1).delay_ms, 0);
}

TEST(group_nack, may_be_for_want_of_a_handler) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_decline(worker.events().at(0), 1'000), KN_OK);
    EXPECT_EQ(kn_event_decline(worker.events().at(0), 1'000), KN_ESTATE);
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("nack") == 1; }));
    EXPECT_EQ(server.answers().at(0).delay_ms, 1'000);
    EXPECT_TRUE(server.answers().at(0).is_unhandled);
}

TEST(group_nack, refuses_a_delay_that_is_none) {
    group_server server({keeps_group_stream(records(1, 1))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_nack(worker.events().at(0), -1), KN_EINVAL);
    EXPECT_EQ(kn_event_nack(worker.events().at(0), 86'400'001), KN_EINVAL);
    EXPECT_EQ(kn_event_nack(worker.events().at(0), 86'400'000), KN_OK);
}

TEST(group_nack, is_what_becomes_of_an_event_without_an_answer) {
    group_server server({keeps_group_stream(
        records(1, 1) + record_of({.tag = 2, .id = "", .more = "attempt: 3\n"}) +
        record_of({.tag = 3, .id = "", .more = "attempt: 9\n"}))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(3));
    EXPECT_EQ(kn_event_retain(worker.events().at(0)), worker.events().at(0));
    kn_event_free(worker.events().at(0));
    worker.go_on_for(milliseconds(50));
    EXPECT_EQ(server.answers().size(), 0U) << "there is another reference";
    worker.free_events();
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("nack") == 3; }));
    const std::vector<told_answer> told = server.answers();
    EXPECT_EQ(told.at(0).delay_ms, 1'000);
    EXPECT_EQ(told.at(1).delay_ms, 20'000);
    EXPECT_EQ(told.at(2).delay_ms, 60'000);
    EXPECT_FALSE(told.at(0).is_unhandled);
}

TEST(group_nack, that_comes_again_before_it_was_heard_is_a_new_event) {
    group_server server({[&](conversation &with, const request &) {
                            with.send(group_stream_head() + records(1, 1));
                            with.pause(milliseconds(100));
                            with.send(record_of({.tag = 2, .id = "e-1", .more = "attempt: 2\n"}));
                            with.stall();
                        }},
                        [](const told_answer &told) {
                            if (told.kind == "nack")
                                std::this_thread::sleep_for(milliseconds(300));
                            return taken_answer();
                        });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_nack(worker.events().at(0), 0), KN_OK);
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(kn_event_attempt(worker.events().at(1)), 2);
    acknowledge(worker, worker.events().at(1));
    ASSERT_TRUE(worker.go_on_until([&] { return server.has_acknowledged(2); }));
}

// ---- More time ----

TEST(group_extend, asks_for_more_time) {
    group_server server({keeps_group_stream(records(1, 2))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(kn_event_extend(worker.events().at(1)), KN_OK);
    EXPECT_EQ(kn_event_extend(worker.events().at(1)), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("extend") == 1; }));
    EXPECT_EQ(server.answers().at(0).ids, ids_of{"e-2"});
    EXPECT_EQ(kn_event_ack(worker.events().at(1)), KN_OK);
}

TEST(group_extend, is_sent_again_until_it_is_taken) {
    std::atomic<int> times{0};
    group_server server({keeps_group_stream(records(1, 1))},
                        [&](const told_answer &) { return ++times == 1 ? "" : taken_answer(); });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_extend(worker.events().at(0)), KN_OK);
    EXPECT_TRUE(worker.go_on_until([&] { return server.count("extend") == 2; }));
}

TEST(group_figures, count_answers) {
    group_server server({keeps_group_stream(records(1, 4))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(4));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    EXPECT_EQ(kn_event_nack(worker.events().at(1), 0), KN_OK);
    char *json = nullptr;
    ASSERT_EQ(kn_worker_stats(worker.get(), &json, nullptr), KN_OK);
    EXPECT_NE(std::string(json).find(R"("acknowledged":1,"given_back":1,"unanswered":2)"),
              std::string::npos)
        << json;
    kn_string_free(json);
}

// ---- Threads ----

TEST(group_threads, answer_while_the_driver_goes_on) {
    constexpr std::uint64_t count = 4000;
    group_server server({keeps_group_stream(records(1, count))});
    group_worker worker(server.url(),
                        [](kn_options *o) { EXPECT_EQ(kn_options_set_window(o, 5000), KN_OK); });
    ASSERT_TRUE(worker.await_events(count));
    std::vector<std::thread> threads;
    for (std::size_t nth = 0; nth < 4; ++nth)
        threads.emplace_back([&worker, nth] {
            for (std::size_t i = nth; i < count; i += 4)
                acknowledge(worker, worker.events().at(i));
        });
    // The last ones may have been named before those in front of them were answered.
    const auto acknowledged = [&server] {
        std::uint64_t upto = 0;
        std::set<std::uint64_t> named;
        for (const told_answer &told : server.answers()) {
            upto = std::max(upto, told.upto);
            for (const std::string &id : told.ids)
                named.insert(std::stoull(id.substr(2)));
        }
        return upto +
               static_cast<std::uint64_t>(std::distance(named.upper_bound(upto), named.end()));
    };
    const bool is_done = worker.go_on_until([&] { return acknowledged() == count; });
    for (std::thread &thread : threads)
        thread.join();
    EXPECT_TRUE(is_done);
}

} // namespace
} // namespace faults
