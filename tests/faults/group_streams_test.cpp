// At least once: what becomes of events and answers when the stream breaks, goes on, or was
// another.
#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "group.hpp"

namespace faults {
namespace {

using ids_of = std::vector<std::string>;
using script_list = std::vector<group_server::stream_script>;

group_server::stream_script says_nothing() {
    return [](conversation &with, const request &) { with.stall(); };
}

group_server::stream_script says_text(std::string text) {
    return [text = std::move(text)](conversation &with, const request &) { with.send(text); };
}

// ---- Who does not know of it ----

TEST(group_terms, have_to_be_there) {
    group_server server({says_text(stream_head() + records(1, 1))});
    group_worker worker(server.url());
    EXPECT_EQ(worker.next(longer_than_patience_ms), KN_EPROTOCOL);
    EXPECT_NE(worker.last_failure().message.find("at least once"), std::string::npos)
        << worker.last_failure().message;
    EXPECT_EQ(worker.next(0), KN_CLOSED);
    EXPECT_EQ(worker.events().size(), 0U);
    EXPECT_EQ(server.streams().size(), 2U) << "the first time it may have been libcurl's mistake";
}

TEST(group_terms, without_the_streams_name_are_none) {
    group_server server({says_text(head(200, {"Content-Type: text/event-stream",
                                              "X-WebRocket-Delivery: explicit; resumed=0"}) +
                                   records(1, 1))});
    group_worker worker(server.url());
    EXPECT_EQ(worker.next(longer_than_patience_ms), KN_EPROTOCOL);
}

TEST(group_terms, of_another_kind_are_none) {
    group_server server(
        {says_text(head(200, {"Content-Type: text/event-stream", "X-WebRocket-Worker-Id: S1",
                              "X-WebRocket-Delivery: implicit; resumed=0"}) +
                   records(1, 1))});
    group_worker worker(server.url());
    EXPECT_EQ(worker.next(longer_than_patience_ms), KN_EPROTOCOL);
}

TEST(group_terms, that_are_gone_after_a_while_are_waited_for) {
    group_server server({ends_group_stream(records(1, 1)), says_text(stream_head() + records(7, 7)),
                         keeps_group_stream(records(2, 2), {.resumed = true})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(worker.ids(), (ids_of{"e-1", "e-2"}));
    ASSERT_EQ(worker.failures().size(), 2U);
    EXPECT_EQ(worker.failures().at(1).status, KN_EPROTOCOL);
}

TEST(group_terms, that_another_order_contradicts_are_a_mistake) {
    group_server server({says_text(whole_answer(409, {}, json_error("another order", 409)))});
    group_worker worker(server.url());
    EXPECT_EQ(worker.next(longer_than_patience_ms), KN_ECONFLICT);
}

// ---- Resuming ----

TEST(group_resumption, names_the_stream_and_the_last_tag) {
    group_server server(
        {ends_group_stream(records(1, 3), {.name = "S 1"}), keeps_group_stream("")});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return server.streams().size() == 2; }));
    const request again = server.streams().at(1);
    EXPECT_EQ(query_value(again, "resume"), "S%201");
    EXPECT_EQ(query_value(again, "tag"), "3");
    EXPECT_EQ(again.header("Last-Event-ID"), std::nullopt);
}

TEST(group_resumption, counts_what_came_whole) {
    group_server server(
        {ends_group_stream(records(1, 2) + "id: e-3\ntag: 3\nevent: chat/said\ndata: {}\n"),
         keeps_group_stream("")});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return server.streams().size() == 2; }));
    EXPECT_EQ(query_value(server.streams().at(1), "tag"), "2");
}

TEST(group_resumption, of_a_stream_without_an_event_is_from_tag_0) {
    group_server server({ends_group_stream(""), keeps_group_stream("")});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return server.streams().size() == 2; }));
    EXPECT_EQ(query_value(server.streams().at(1), "tag"), "0");
}

TEST(group_resumption, keeps_what_is_held_and_its_answers) {
    group_server server(
        {ends_group_stream(records(1, 3)), keeps_group_stream(records(4, 4), {.resumed = true})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(4));
    for (kn_event *event : worker.events())
        EXPECT_EQ(kn_event_ack(event), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") == 1; }));
    EXPECT_EQ(server.answers().at(0).upto, 4U);
    EXPECT_EQ(server.answers().at(0).stream, "S1");
}

TEST(group_resumption, hands_an_id_that_is_held_over_once) {
    group_server server(
        {ends_group_stream(records(1, 2)),
         keeps_group_stream(record_of({.tag = 3, .id = "e-1"}) + record_of({.tag = 4, .id = "e-9"}),
                            {.resumed = true})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(3));
    EXPECT_EQ(worker.ids(), (ids_of{"e-1", "e-2", "e-9"}));
    worker.go_on_for(milliseconds(50));
    EXPECT_EQ(worker.events().size(), 3U);
    // Its tag is the one that came last: upto 2 would not cover it.
    EXPECT_EQ(kn_event_ack(worker.events().at(1)), KN_OK);
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") == 1; }));
    EXPECT_EQ(server.answers().at(0).upto, 3U);
}

TEST(group_resumption, lets_answers_out_before_there_is_a_stream) {
    group_server server({ends_group_stream(records(1, 1)), says_nothing()});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    ASSERT_TRUE(worker.go_on_until([&] { return server.streams().size() == 2; }));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] { return server.has_acknowledged(1); }));
    EXPECT_EQ(server.answers().at(0).stream, "S1");
}

// ---- A new stream ----

TEST(group_new_stream, drops_what_was_not_handed_over) {
    // With so short a lease nothing is handed over once the stream is broken.
    group_server server(
        {[](conversation &with, const request &) {
             with.send(group_stream_head({.lease_ms = 1'000}) + records(1, 3));
             with.pause(milliseconds(50));
         },
         keeps_group_stream(record_of({.tag = 1, .id = "e-2", .more = "attempt: 2\n"}),
                            {.name = "S2"})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return worker.events().size() == 1; }));
    std::this_thread::sleep_for(milliseconds(200));
    worker.go_on_until([&] { return server.streams().size() == 2; });
    worker.go_on_for(milliseconds(200));
    EXPECT_EQ(worker.ids(), (ids_of{"e-1", "e-2"}));
    EXPECT_EQ(kn_event_attempt(worker.events().back()), 2);
}

TEST(group_new_stream, is_too_late_for_the_events_of_the_old_one) {
    group_server server(
        {ends_group_stream(records(1, 1)), keeps_group_stream(records(2, 2), {.name = "S2"})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_CLOSED);
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_ESTATE);
    EXPECT_EQ(kn_event_ack(worker.events().at(1)), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") == 1; }));
    EXPECT_EQ(server.answers().at(0).stream, "S2");
    EXPECT_EQ(server.answers().at(0).upto, 2U);
}

TEST(group_new_stream, with_an_id_that_is_held_makes_its_answer_good_again) {
    group_server server(
        {ends_group_stream(records(1, 1)),
         keeps_group_stream(record_of({.tag = 1, .id = "e-1", .more = "attempt: 2\n"}) +
                                records(2, 2),
                            {.name = "S2"})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(worker.ids(), (ids_of{"e-1", "e-2"}));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] { return server.count("ack") == 1; }));
    EXPECT_EQ(server.answers().at(0).stream, "S2");
    EXPECT_EQ(server.answers().at(0).upto, 1U);
}

TEST(group_new_stream, is_given_the_acknowledgement_that_the_old_one_lost) {
    group_server server(
        {[](conversation &with, const request &) {
             with.send(group_stream_head() + records(1, 1));
             with.pause(milliseconds(200));
         },
         keeps_group_stream(record_of({.tag = 1, .id = "e-1"}) + records(2, 2), {.name = "S2"})},
        [](const told_answer &told) {
            return told.stream == "S1" ? answers_text(503) : taken_answer();
        });
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_OK);
    ASSERT_TRUE(worker.go_on_until([&] {
        const auto all = server.answers();
        return !all.empty() && all.back().stream == "S2";
    }));
    EXPECT_EQ(server.answers().back().upto, 1U);
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(worker.ids(), (ids_of{"e-1", "e-2"})) << "not handed over again";
}

TEST(group_new_stream, is_what_another_name_means) {
    // Whatever it says of itself.
    group_server server({ends_group_stream(records(1, 1)),
                         keeps_group_stream(records(2, 2), {.name = "S2", .resumed = true})});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_CLOSED);
}

// ---- A lease that ends ----

TEST(group_lease, ends_the_handing_over_a_second_before_it) {
    std::atomic<bool> may_go_on{false};
    group_server server({[](conversation &with, const request &) {
                             with.send(group_stream_head({.lease_ms = 1'300}) + records(1, 3));
                         },
                         [&](conversation &with, const request &) {
                             while (!may_go_on)
                                 with.pause(milliseconds(5));
                             with.send(group_stream_head({.resumed = true}));
                             with.stall();
                         }});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.go_on_until([&] { return worker.events().size() == 1; }));
    std::this_thread::sleep_for(milliseconds(500));
    for (int i = 0; i < 10; ++i)
        EXPECT_NE(worker.next(10), KN_OK);
    EXPECT_EQ(worker.ids(), ids_of{"e-1"});
    may_go_on = true;
    EXPECT_TRUE(worker.await_events(3)) << "the stream goes on, and what waited is good";
}

TEST(group_lease, that_is_long_lets_events_through_a_broken_stream) {
    group_server server({ends_group_stream(records(1, 3)), says_nothing()});
    group_worker worker(server.url());
    EXPECT_TRUE(worker.await_events(3));
}

// ---- A name that was taken ----

TEST(group_replaced, is_the_end) {
    group_server server({[](conversation &with, const request &) {
        with.send(group_stream_head() + records(1, 2));
        with.pause(milliseconds(100));
        with.send("event: :replaced\ndata: {}\n\n");
    }});
    group_worker worker(server.url(), [](kn_options *o) {
        EXPECT_EQ(kn_options_set_worker_name(o, "w-1"), KN_OK);
    });
    ASSERT_TRUE(worker.await_events(2));
    kn_status status = KN_AGAIN;
    while (status == KN_AGAIN)
        status = worker.next(longer_than_patience_ms);
    EXPECT_EQ(status, KN_EREPLACED);
    EXPECT_NE(worker.last_failure().message.find("w-1"), std::string::npos);
    EXPECT_EQ(worker.next(0), KN_CLOSED);
    EXPECT_EQ(kn_worker_state(worker.get()), KN_WORKER_CLOSED);
    EXPECT_EQ(kn_event_ack(worker.events().at(0)), KN_CLOSED);
    EXPECT_EQ(kn_worker_close(worker.get(), 0, nullptr), KN_OK);
    EXPECT_EQ(server.streams().size(), 1U) << "or two would replace each other for ever";
}

TEST(group_replaced, drops_what_waited) {
    group_server server({keeps_group_stream(records(1, 5) + "event: :replaced\ndata: {}\n\n")});
    group_worker worker(server.url());
    EXPECT_EQ(worker.next(longer_than_patience_ms), KN_EREPLACED);
    EXPECT_EQ(worker.events().size(), 0U);
}

// ---- Records ----

TEST(group_gap, is_an_event_that_needs_no_answer) {
    group_server server({keeps_group_stream(
        record_of({.tag = 1, .topic = ":gap", .data = R"({"count":3})"}) + records(2, 2))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(2));
    kn_event *gap = worker.events().at(0);
    EXPECT_EQ(kn_event_kind(gap), KN_EVENT_GAP);
    EXPECT_STREQ(kn_event_name(gap), ":gap");
    EXPECT_STREQ(kn_event_channel(gap), "");
    EXPECT_STREQ(kn_event_data(gap, nullptr), R"({"count":3})");
    ASSERT_TRUE(worker.go_on_until([&] { return server.has_acknowledged(1); }));
    EXPECT_EQ(kn_event_ack(gap), KN_OK);
    EXPECT_EQ(kn_event_nack(gap, 0), KN_ESTATE);
    EXPECT_FALSE(server.has_acknowledged(2));
}

TEST(group_record, of_a_kind_that_is_not_known_is_passed_over) {
    group_server server({keeps_group_stream("event: :later\ndata: {}\n\n" + records(1, 1))});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    EXPECT_EQ(worker.ids(), ids_of{"e-1"});
    EXPECT_EQ(worker.failures().size(), 0U);
}

TEST(group_record, that_cannot_be_answered_ends_the_stream) {
    const std::vector<std::string> bad{
        "id: e-2\nevent: chat/said\ndata: {}\n\n",           // no tag
        "id: e-2\ntag: 1\nevent: chat/said\ndata: {}\n\n",   // one that is not above the last
        "id: e-2\ntag: x\nevent: chat/said\ndata: {}\n\n",   // none
        "id: e \"2\ntag: 2\nevent: chat/said\ndata: {}\n\n", // an id that is none
        "id: " + std::string(64, 'e') + "\ntag: 2\ndata: {}\n\n"};
    for (const std::string &record : bad) {
        group_server server({keeps_group_stream(records(1, 1) + record + records(3, 3)),
                             keeps_group_stream(records(4, 4), {.resumed = true})});
        group_worker worker(server.url());
        ASSERT_TRUE(worker.await_events(2)) << record;
        EXPECT_EQ(worker.ids(), (ids_of{"e-1", "e-4"})) << record;
        ASSERT_EQ(worker.failures().size(), 1U) << record;
        EXPECT_EQ(worker.failures().at(0).status, KN_EPROTOCOL) << record;
    }
}

TEST(group_record, comes_byte_by_byte) {
    group_server server({[](conversation &with, const request &) {
        with.send(group_stream_head());
        with.send_byte_by_byte(record_of(
            {.tag = 1, .id = "abc-1", .more = "attempt: 2\nref: r.1\ntime: 99\nunknown: 1\n"}));
        with.stall();
    }});
    group_worker worker(server.url());
    ASSERT_TRUE(worker.await_events(1));
    const kn_event *event = worker.events().at(0);
    EXPECT_EQ(kn_event_attempt(event), 2);
    EXPECT_STREQ(kn_event_ref(event), "r.1");
    EXPECT_EQ(kn_event_time_ms(event), 99);
}

TEST(group_window, bounds_what_waits_however_much_is_sent) {
    // A server that does not keep to the window: events come, in order, and none is lost.
    group_server server({keeps_group_stream(records(1, 3000))});
    group_worker worker(server.url(),
                        [](kn_options *o) { EXPECT_EQ(kn_options_set_window(o, 2), KN_OK); });
    ASSERT_TRUE(worker.await_events(3000));
    EXPECT_EQ(worker.ids().back(), "e-3000");
}

} // namespace
} // namespace faults
