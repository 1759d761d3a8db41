// What a worker sends: its request's head, and the id it goes on from.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

void expect_worker_request(const request &what, const port &where) {
    EXPECT_EQ(what.method, "GET");
    EXPECT_EQ(what.target, "/vhost/events");
    EXPECT_EQ(what.version, "HTTP/1.1");
    EXPECT_EQ(what.header("Accept"), "text/event-stream");
    EXPECT_EQ(what.header("Cache-Control"), "no-cache");
    EXPECT_EQ(what.header("Authorization"), authorization);
    EXPECT_EQ(what.header("Host"), "127.0.0.1:" + std::to_string(where.number()));
    EXPECT_EQ(what.header("Expect"), std::nullopt);
    EXPECT_EQ(what.header("User-Agent"), std::string("libkosmonaut/") + kn_version());
    EXPECT_TRUE(what.body.empty());
}

TEST(worker, sends_the_same_head_with_every_try) {
    fault_server server(
        {answers(503), resets_after(""), streams("data: a\n\n"), keeps_streaming("data: b\n\n")});
    observed_worker worker(server.url());
    worker.await_events(2);
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 4U);
    for (const request &what : requests)
        expect_worker_request(what, server.where());
}

/// The Last-Event-ID of the try after a stream of @p bytes.
std::optional<std::string> id_sent_after(std::string_view bytes) {
    fault_server server({streams(bytes), never_answers()});
    observed_worker worker(server.url());
    const auto requests = worker.await_requests(server, 2);
    EXPECT_EQ(requests.at(0).header("Last-Event-ID"), std::nullopt) << "nothing to go on from";
    return requests.at(1).header("Last-Event-ID");
}

TEST(last_event_id, is_that_of_the_last_event) {
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\nid: 2\ndata: b\n\n"), "2");
}

TEST(last_event_id, stays_when_later_events_have_none) {
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\ndata: b\n\n"), "1");
}

TEST(last_event_id, is_not_sent_when_there_is_none) {
    EXPECT_EQ(id_sent_after("data: a\n\n"), std::nullopt);
}

TEST(last_event_id, is_not_sent_once_it_was_cleared) {
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\nid:\ndata: b\n\n"), std::nullopt);
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\nid\n\n"), std::nullopt);
}

TEST(last_event_id, counts_without_an_event) { EXPECT_EQ(id_sent_after("id: 5\n\n"), "5"); }

TEST(last_event_id, of_a_block_that_broke_off_does_not_count) {
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\nid: 2\ndata: b\n"), "1");
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\nid: 2\n"), "1");
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\nid: 2"), "1");
    EXPECT_EQ(id_sent_after("id: 1\ndata: a\n\nid:"), "1");
}

TEST(last_event_id, is_sent_as_utf_8) {
    EXPECT_EQ(id_sent_after("id: \xE2\x82\xAC\xF0\x9F\x98\x80\ndata: a\n\n"),
              "\xE2\x82\xAC\xF0\x9F\x98\x80");
    EXPECT_EQ(id_sent_after("id: x\xFFy\ndata: a\n\n"), "x\xEF\xBF\xBDy");
}

TEST(last_event_id, is_sent_with_all_its_spaces) {
    EXPECT_EQ(id_sent_after("id:  a  b \ndata: a\n\n"), " a  b ");
}

TEST(last_event_id, with_a_nul_is_passed_over) {
    EXPECT_EQ(id_sent_after(std::string_view("id: 1\n\nid: 2\0\n\n", 14)), "1");
}

TEST(last_event_id, can_bring_no_header_of_its_own) {
    // A CR ends a line of the stream, so no id can hold one.
    fault_server server({streams("id: 1\rX-Smuggled: yes\rdata: a\r\r"), never_answers()});
    observed_worker worker(server.url());
    const auto requests = worker.await_requests(server, 2);
    EXPECT_EQ(requests.at(1).header("Last-Event-ID"), "1");
    EXPECT_EQ(requests.at(1).header("X-Smuggled"), std::nullopt);
}

TEST(last_event_id, lives_through_failures_and_streams_without_one) {
    fault_server server({streams("id: 1\ndata: a\n\n"), answers(503), resets_after(""),
                         streams("data: b\n\n"), resets_after(stream_head() + "id: 2\ndata: c\n"),
                         keeps_streaming("data: d\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(3),
              (std::vector<told_event>{
                  {"message", "a", "1"}, {"message", "b", "1"}, {"message", "d", "1"}}));
    const auto requests = server.requests();
    ASSERT_EQ(requests.size(), 6U);
    for (std::size_t i = 1; i < requests.size(); ++i)
        EXPECT_EQ(requests[i].header("Last-Event-ID"), "1") << i;
}

TEST(last_event_id, cleared_on_the_second_stream_is_not_sent_to_the_third) {
    fault_server server({streams("id: 1\ndata: a\n\n"), streams("id\ndata: b\n\n"),
                         keeps_streaming("data: c\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(3),
              (std::vector<told_event>{
                  {"message", "a", "1"}, {"message", "b", ""}, {"message", "c", ""}}));
    EXPECT_EQ(server.requests().at(2).header("Last-Event-ID"), std::nullopt);
}

TEST(last_event_id, too_long_for_a_head_does_not_lock_the_worker_out) {
    // libcurl sends no head of more than a megabyte, and few servers take one of more than some
    // kilobytes; without the id the worker at least comes back.
    const std::string id(2'000'000, 'x');
    fault_server server({streams("id: " + id + "\ndata: a\n\n"), keeps_streaming("data: b\n\n")});
    observed_worker worker(server.url());
    worker.await_events(2);
    EXPECT_EQ(worker.events().at(0).id.size(), id.size());
    EXPECT_EQ(server.requests().at(1).header("Last-Event-ID"), std::nullopt);
}

} // namespace
} // namespace faults
