// A worker whose connection does not come about, breaks, or falls silent.
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include <poll.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

// ---- no connection, or none for long

TEST(worker, tries_again_after_it_was_refused) {
    fault_server server({keeps_streaming("data: a\n\n")});
    server.where().shut();
    observed_worker worker(server.url());
    for (const told_failure &failure : worker.await_failures(3)) {
        EXPECT_EQ(failure.status, KN_ECONNECT);
        EXPECT_EQ(failure.http_status, 0);
    }
    server.where().open();
    EXPECT_EQ(worker.await_events(1).size(), 1U);
    EXPECT_EQ(worker.state(), KN_WORKER_CONNECTED);
}

TEST(worker, comes_back_to_a_server_that_was_away) {
    fault_server server({streams("id: 1\ndata: a\n\n"), keeps_streaming("data: b\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    server.where().shut();
    worker.await_failures(3);
    server.where().open();
    EXPECT_EQ(worker.await_events(2).back(), (told_event{"message", "b", "1"}));
}

TEST(worker, gives_up_a_connect_that_never_ends) {
    port where;
    where.clog();
    worker_settings how;
    how.connect_timeout_ms = 200;
    observed_worker worker(where.url(), how);
    const clock::time_point began = clock::now();
    for (const told_failure &failure : worker.await_failures(2))
        EXPECT_EQ(failure.status, KN_ETIMEOUT) << failure.message;
    EXPECT_GE(clock::now() - began, milliseconds(200));
}

struct breach {
    const char *name;
    const char *said; // before the connection breaks
};
void PrintTo(const breach &b, std::ostream *out) { *out << b.name; }

class broken_heads : public testing::TestWithParam<breach> {
  protected:
    static void expect_retried(fault_server &server) {
        observed_worker worker(server.url());
        EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "fine", ""}}));
        ASSERT_EQ(worker.failures().size(), 1U);
        EXPECT_EQ(worker.failures()[0].status, KN_EIO) << worker.failures()[0].message;
        EXPECT_EQ(worker.failures()[0].http_status, 0);
    }
};

TEST_P(broken_heads, reset) {
    fault_server server({resets_after(GetParam().said), keeps_streaming("data: fine\n\n")});
    expect_retried(server);
}

TEST_P(broken_heads, ended) {
    fault_server server({says(GetParam().said), keeps_streaming("data: fine\n\n")});
    expect_retried(server);
}

INSTANTIATE_TEST_SUITE_P(
    worker, broken_heads,
    testing::Values(breach{"nothing", ""}, breach{"status_line_cut", "HTTP/1.1 200"},
                    breach{"status_line", "HTTP/1.1 200 OK\r\n"},
                    breach{"header_cut", "HTTP/1.1 200 OK\r\nContent-Type: text/event-st"},
                    breach{"headers", "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"},
                    breach{"cr_of_the_blank_line",
                           "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r"},
                    breach{"refusal_cut", "HTTP/1.1 403 Forbidden\r\nContent-"},
                    breach{"end_of_stream_cut", "HTTP/1.1 204 No Content\r\nX-"},
                    breach{"redirect_cut", "HTTP/1.1 302 Found\r\nLocation: /other\r\n"}),
    [](const auto &generated) { return std::string(generated.param.name); });

TEST(worker, is_not_taken_in_by_garbage) {
    fault_server server({says("SSH-2.0-OpenSSH_9.2\r\n"), says("data: poison\n\n"),
                         says(std::string(100'000, '\0')), says("HTTP/9.9 200 OK\r\n\r\n"),
                         says("\r\n\r\n\r\n"), keeps_streaming("data: fine\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "fine", ""}}));
    ASSERT_EQ(worker.failures().size(), 5U);
    for (const told_failure &failure : worker.failures())
        EXPECT_TRUE(failure.status == KN_EPROTOCOL || failure.status == KN_EIO)
            << kn_status_name(failure.status) << ": " << failure.message;
}

TEST(worker, gives_up_a_head_that_never_ends) {
    fault_server server({[](conversation &with) {
                             with.receive();
                             with.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
                             for (int i = 0;; ++i)
                                 with.send("X-" + std::to_string(i) + ": " +
                                           std::string(1000, 'x') + "\r\n");
                         },
                         keeps_streaming("data: fine\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_LT(worker.failures()[0].status, 0);
}

TEST(worker, gives_up_a_header_line_that_never_ends) {
    fault_server server({[](conversation &with) {
                             with.receive();
                             with.send("HTTP/1.1 200 OK\r\nX-Long: ");
                             for (;;)
                                 with.send(std::string(1000, 'x'));
                         },
                         keeps_streaming("data: fine\n\n")});
    observed_worker worker(server.url());
    worker.await_events(1);
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_LT(worker.failures()[0].status, 0);
}

// ---- streams that end

/// How the server ends a stream.
struct ending {
    const char *name;
    bool is_chunked;
    bool has_last_chunk;
    bool is_reset;
};
void PrintTo(const ending &e, std::ostream *out) { *out << e.name; }

script ends_stream(const ending &how, std::string bytes) {
    return [how, bytes = std::move(bytes)](conversation &with) {
        with.receive();
        if (how.is_chunked) {
            with.send(chunked_stream_head());
            with.send_chunk(bytes);
        } else {
            with.send(stream_head() + bytes);
        }
        if (how.has_last_chunk)
            with.send_chunk("");
        if (how.is_reset)
            with.reset();
    };
}

std::string ending_name(const testing::TestParamInfo<ending> &generated) {
    return generated.param.name;
}

// What an RST leaves of the bytes before it is the kernel's affair, so these are the ones without.
class orderly_endings : public testing::TestWithParam<ending> {};

TEST_P(orderly_endings, lose_no_whole_event) {
    fault_server server({ends_stream(GetParam(), "id: 1\ndata: a\n\nid: 2\ndata: b\n\n"),
                         keeps_streaming("data: c\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(3),
              (std::vector<told_event>{
                  {"message", "a", "1"}, {"message", "b", "2"}, {"message", "c", "2"}}));
    EXPECT_EQ(server.requests().at(1).header("Last-Event-ID"), "2");
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_EIO);
    EXPECT_FALSE(worker.log().has_level(KN_LOG_ERROR)) << "that is everyday life";
}

constexpr ending closed{"closed", false, false, false};
constexpr ending last_chunk{"last_chunk", true, true, false};
constexpr ending closed_between_chunks{"closed_between_chunks", true, false, false};
constexpr ending reset{"reset", false, false, true};
constexpr ending reset_between_chunks{"reset_between_chunks", true, false, true};

INSTANTIATE_TEST_SUITE_P(worker, orderly_endings,
                         testing::Values(closed, last_chunk, closed_between_chunks), ending_name);

class stream_endings : public testing::TestWithParam<ending> {};

TEST_P(stream_endings, drop_the_event_they_cut) {
    fault_server server({ends_stream(GetParam(), "id: 1\ndata: whole\n\nid: 2\nevent: half\n"
                                                 "data: half\n"),
                         keeps_streaming("data: next\n\n")});
    observed_worker worker(server.url());
    worker.go_on_until(
        [&] { return !worker.events().empty() && worker.events().back().data == "next"; });
    ASSERT_FALSE(worker.events().empty());
    for (const told_event &event : worker.events())
        EXPECT_NE(event.data, "half");
    EXPECT_EQ(worker.events().back().topic, "message") << "the half event's topic is gone, too";
    EXPECT_NE(server.requests().at(1).header("Last-Event-ID"), "2");
}

INSTANTIATE_TEST_SUITE_P(worker, stream_endings,
                         testing::Values(closed, last_chunk, closed_between_chunks, reset,
                                         reset_between_chunks),
                         ending_name);

/// Streams that end in the middle of something: the next connection's decoder begins anew.
struct cut {
    const char *name;
    const char *first;
    const char *second;
    std::vector<told_event> events;
};
void PrintTo(const cut &c, std::ostream *out) { *out << c.name; }

class cut_streams : public testing::TestWithParam<cut> {};

TEST_P(cut_streams, leave_nothing_in_the_next_one) {
    fault_server server({streams(GetParam().first), keeps_streaming(GetParam().second)});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(GetParam().events.size()), GetParam().events);
    EXPECT_EQ(server.requests().size(), 2U);
}

INSTANTIATE_TEST_SUITE_P(
    worker, cut_streams,
    testing::Values(
        cut{"in_a_line", "data: lo", "st\ndata: a\n\n", {{"message", "a", ""}}},
        cut{"after_data", "data: lost\n", "data: a\n\n", {{"message", "a", ""}}},
        cut{"after_the_type", "event: lost\n", "data: a\n\n", {{"message", "a", ""}}},
        cut{"before_an_lf", "data: lost\r", "\ndata: a\n\n", {{"message", "a", ""}}},
        cut{"between_cr_and_lf",
            "data: a\r\n\r",
            "\ndata: b\n\n",
            {{"message", "a", ""}, {"message", "b", ""}}},
        cut{"in_a_character", "data: \xE2\x82", "\xAC\ndata: a\n\n", {{"message", "a", ""}}},
        cut{"before_a_byte_order_mark",
            "data: lost\n",
            "\xEF\xBB\xBF"
            "data: a\n\n",
            {{"message", "a", ""}}},
        cut{"in_a_byte_order_mark",
            "\xEF\xBB",
            "\xBF"
            "data: lost\n\ndata: a\n\n",
            {{"message", "a", ""}}},
        cut{"in_a_comment", ": comm", "ent\ndata: a\n\n", {{"message", "a", ""}}}),
    [](const auto &generated) { return std::string(generated.param.name); });

// ---- pieces

TEST(worker, takes_a_stream_byte_by_byte) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send_byte_by_byte(stream_head() +
                               "id: 1\nevent: a/b\ndata: {\"x\":\"\xE2\x82\xAC\"}\r\n"
                               "data: more\r\n\r\n: hb\n\n");
        with.stall();
    }});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1),
              (std::vector<told_event>{{"a/b", "{\"x\":\"\xE2\x82\xAC\"}\nmore", "1"}}));
}

TEST(worker, takes_chunks_of_one_byte) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(chunked_stream_head());
        for (const char c : std::string_view("id: 1\r\ndata: a\r\n\r\n"))
            with.send_chunk(std::string(1, c));
        with.stall();
    }});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "a", "1"}}));
}

TEST(worker, hands_an_event_over_at_the_cr_that_ends_it) {
    fault_server server({keeps_streaming("data: a\r\r")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "a", ""}}));
}

TEST(worker, makes_no_events_of_comments) {
    fault_server server({keeps_streaming(": hb\n\n:\n\n: data: no\n\n:data: no\n\ndata: a\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "a", ""}}));
    EXPECT_EQ(worker.next(50), KN_AGAIN);
}

TEST(worker, bad_chunks_are_a_failure) {
    fault_server server({says(chunked_stream_head() + "xyz\r\ndata: poison\n\n"),
                         keeps_streaming("data: fine\n\n")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "fine", ""}}));
    EXPECT_EQ(worker.failures().size(), 1U);
}

// ---- silence

TEST(worker, suspects_a_proxy_where_not_even_a_head_has_come) {
    fault_server server({never_answers(), keeps_streaming("data: a\n\n")});
    worker_settings how;
    how.idle_timeout_ms = 300;
    observed_worker worker(server.url(), how);
    const told_failure failure = worker.await_failures(1).at(0);
    EXPECT_EQ(failure.status, KN_ETIMEOUT);
    EXPECT_NE(failure.message.find("does a proxy before the server hold the stream back"),
              std::string::npos)
        << failure.message;
    worker.await_events(1);
    const std::size_t before = worker.failures().size(); // on a slow machine, more of the same
    EXPECT_EQ(worker.await_failures(before + 1).at(before).message.find("proxy"),
              std::string::npos);
}

TEST(worker, gives_up_a_stream_that_fell_silent) {
    fault_server server({keeps_streaming("id: 1\ndata: a\n\n"), keeps_streaming("data: b\n\n")});
    worker_settings how;
    how.idle_timeout_ms = 300;
    observed_worker worker(server.url(), how);
    worker.await_events(1);
    const clock::time_point last_byte = clock::now();
    worker.await_failures(1);
    EXPECT_GE(clock::now() - last_byte, milliseconds(250));
    EXPECT_EQ(worker.failures()[0].status, KN_ETIMEOUT);
    EXPECT_EQ(worker.await_events(2).back(), (told_event{"message", "b", "1"}));
    EXPECT_EQ(server.requests().at(1).header("Last-Event-ID"), "1");
}

TEST(worker, gives_up_a_server_that_never_answers) {
    fault_server server({never_answers(), keeps_streaming("data: a\n\n")});
    worker_settings how;
    how.idle_timeout_ms = 300;
    observed_worker worker(server.url(), how);
    worker.await_events(1);
    ASSERT_GE(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_ETIMEOUT);
}

TEST(worker, gives_up_a_head_that_stalls) {
    fault_server server({[](conversation &with) {
                             with.receive();
                             with.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n");
                             with.stall();
                         },
                         keeps_streaming("data: a\n\n")});
    worker_settings how;
    how.idle_timeout_ms = 300;
    observed_worker worker(server.url(), how);
    worker.await_events(1);
    ASSERT_GE(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_ETIMEOUT);
}

TEST(worker, gives_up_a_head_that_drips) {
    fault_server server({[](conversation &with) {
                             with.receive();
                             with.send("HTTP/1.1 200 OK\r\n");
                             for (;;) { // until it hangs up
                                 with.send("X-Drop: 1\r\n");
                                 with.pause(milliseconds(20));
                             }
                         },
                         keeps_streaming("data: a\n\n")});
    worker_settings how;
    how.idle_timeout_ms = 300;
    observed_worker worker(server.url(), how);
    worker.await_events(1);
    ASSERT_GE(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_ETIMEOUT);
}

TEST(worker, is_kept_alive_by_heartbeats) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(stream_head());
        for (int i = 0; i < 30; ++i) {
            with.pause(milliseconds(100));
            with.send(":\n");
        }
        with.send("data: a\n\n");
        with.stall();
    }});
    worker_settings how;
    how.idle_timeout_ms = 1500; // half of what the events take to come
    observed_worker worker(server.url(), how);
    worker.await_events(1);
    EXPECT_TRUE(worker.failures().empty());
}

TEST(worker, does_not_take_the_caller_s_own_pause_for_the_server_s) {
    // Only after the pause does the server go on: what was not said while nobody listened cannot
    // have been missed.
    std::atomic<bool> is_back{false};
    fault_server server({[&](conversation &with) {
        with.receive();
        with.send(stream_head() + "data: a\n\n");
        while (!is_back)
            with.pause(milliseconds(1));
        with.pause(milliseconds(50));
        with.send("data: b\n\n");
        with.stall();
    }});
    worker_settings how;
    how.idle_timeout_ms = 1000;
    observed_worker worker(server.url(), how);
    worker.await_events(1);
    std::this_thread::sleep_for(milliseconds(2000)); // this is the pause
    is_back = true;
    worker.await_events(2);
    EXPECT_TRUE(worker.failures().empty());
}

TEST(worker, spots_a_dead_peer_for_whoever_polls_its_descriptor) {
    fault_server server({keeps_streaming("data: a\n\n"), keeps_streaming("data: b\n\n")});
    worker_settings how;
    how.idle_timeout_ms = 300;
    observed_worker worker(server.url(), how);
    pollfd watched{kn_worker_fd(worker.get()), POLLIN, 0};
    const clock::time_point deadline = clock::now() + patience;
    while (worker.events().size() < 2 && clock::now() < deadline) {
        ASSERT_GT(poll(&watched, 1, 20'000), 0);
        while (worker.next(0) == KN_OK) {
        }
    }
    EXPECT_EQ(worker.events().size(), 2U);
    ASSERT_GE(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_ETIMEOUT);
}

} // namespace
} // namespace faults
