// What a worker makes of the answers to its request: which are a stream, which end it for good, and
// which are tried again.
#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_worker.hpp"

namespace faults {
namespace {

constexpr std::string_view first_event = "id: 1\ndata: first\n\n";
constexpr std::string_view second_event = "id: 2\ndata: second\n\n";

/// Looks like a stream, but came with an answer that is none: nothing of it may have an effect.
/// With its `retry:`, a worker that believed it would not be back before the test gives up.
constexpr std::string_view poison = "retry: 60000\nid: 666\ndata: poison\n\n";

/// A worker that would believe that `retry:`, if it read it.
worker_settings gullible() {
    worker_settings how;
    how.reconnect_max_ms = 60'000;
    return how;
}

// ---- the stream

class stream_content_types : public testing::TestWithParam<const char *> {};

TEST_P(stream_content_types, are_accepted) {
    fault_server server(
        {says(head(200, {GetParam()}) + "data: gr\xC3\xBC\xC3\x9F\n\n"), never_answers()});
    observed_worker worker(server.url());
    const auto events = worker.await_events(1);
    EXPECT_EQ(events, (std::vector<told_event>{{"message", "gr\xC3\xBC\xC3\x9F", ""}}));
    EXPECT_TRUE(worker.failures().empty());
}

INSTANTIATE_TEST_SUITE_P(worker, stream_content_types,
                         testing::Values("Content-Type: text/event-stream",
                                         "content-type:text/event-stream",
                                         "Content-Type: TEXT/Event-Stream",
                                         "Content-Type: text/event-stream;",
                                         "Content-Type: text/event-stream ; charset=utf-8",
                                         "Content-Type: text/event-stream;charset=windows-1252",
                                         "Content-Type: \ttext/event-stream; x=\"a;b\" "));

class coded_streams : public testing::TestWithParam<const char *> {};

TEST_P(coded_streams, are_failures_that_name_the_coding) {
    fault_server server(
        {says(head(200, {"Content-Type: text/event-stream", GetParam()}) + std::string(poison)),
         keeps_streaming(first_event)});
    observed_worker worker(server.url(), gullible());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "first", "1"}}));
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_EPROTOCOL);
    EXPECT_NE(worker.failures()[0].message.find("Content-Encoding: "), std::string::npos)
        << worker.failures()[0].message;
    for (const request &asked : server.requests())
        EXPECT_EQ(asked.header("Accept-Encoding"), "identity");
}

INSTANTIATE_TEST_SUITE_P(worker, coded_streams,
                         testing::Values("Content-Encoding: gzip", "content-encoding:br",
                                         "Content-Encoding: DEFLATE ",
                                         "Content-Encoding: gzip\r\nContent-Encoding: identity"));

TEST(worker, takes_a_stream_that_says_it_is_not_coded) {
    fault_server server(
        {says(head(200, {"Content-Type: text/event-stream", "Content-Encoding: identity"}) +
              std::string(first_event)),
         never_answers()});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1).size(), 1U);
}

class foreign_content_types : public testing::TestWithParam<const char *> {};

TEST_P(foreign_content_types, are_no_stream_and_tried_again) {
    fault_server server(
        {says(head(200, {GetParam()}) + std::string(poison)), keeps_streaming(first_event)});
    observed_worker worker(server.url(), gullible());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "first", "1"}}));
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_EPROTOCOL);
    EXPECT_EQ(worker.failures()[0].http_status, 200);
    EXPECT_EQ(server.requests()[1].header("Last-Event-ID"), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(worker, foreign_content_types,
                         testing::Values("X-No-Content-Type: at all",
                                         "Content-Type:", "Content-Type: text/html",
                                         "Content-Type: text/event-streamx",
                                         "Content-Type: xtext/event-stream",
                                         "Content-Type: text/event-stream bogus",
                                         "Content-Type: application/json; a=text/event-stream"));

TEST(worker, a_foreign_answer_that_never_ends_is_left_at_its_head) {
    fault_server server({[](conversation &with) {
                             with.receive();
                             with.send(head(200, {"Content-Type: text/html"}));
                             with.stall();
                         },
                         keeps_streaming(first_event)});
    observed_worker worker(server.url());
    worker.await_events(1);
    ASSERT_EQ(worker.failures().size(), 1U);
    EXPECT_EQ(worker.failures()[0].status, KN_EPROTOCOL);
}

TEST(worker, interim_answers_are_passed_over) {
    fault_server server({says("HTTP/1.1 100 Continue\r\n\r\n"
                              "HTTP/1.1 103 Early Hints\r\nContent-Type: text/html\r\n\r\n" +
                              stream_head() + std::string(first_event)),
                         never_answers()});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "first", "1"}}));
    EXPECT_TRUE(worker.failures().empty());
}

// ---- 204

TEST(worker, is_ended_for_good_by_204) {
    fault_server server({answers(204)});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_CLOSED);
    EXPECT_EQ(worker.state(), KN_WORKER_CLOSED);
    EXPECT_EQ(worker.next(0), KN_CLOSED);
    EXPECT_TRUE(worker.failures().empty()) << "that is no failure";
    EXPECT_EQ(kn_worker_last_error(worker.get()), nullptr);
    EXPECT_EQ(server.connections(), 1U);
}

TEST(worker, is_ended_for_good_by_204_after_a_stream) {
    fault_server server({streams(first_event), answers(204)});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_CLOSED);
    EXPECT_EQ(worker.events(), (std::vector<told_event>{{"message", "first", "1"}}));
    EXPECT_EQ(server.connections(), 2U);
}

// ---- what is tried again, whenever it comes

struct retried_answer {
    int http_status;
    kn_status status;
};
void PrintTo(const retried_answer &a, std::ostream *out) { *out << a.http_status; }
std::string name_of(const testing::TestParamInfo<retried_answer> &generated) {
    return std::to_string(generated.param.http_status);
}

class retried_answers : public testing::TestWithParam<retried_answer> {
  protected:
    static script answer() {
        const int status = GetParam().http_status;
        // A 205 has no body by its very definition.
        return answers(status, {"Content-Type: text/event-stream"}, status == 205 ? "" : poison);
    }
    static void expect_told(const told_failure &failure) {
        EXPECT_EQ(failure.status, GetParam().status) << kn_status_name(failure.status);
        EXPECT_EQ(failure.http_status, GetParam().http_status);
        EXPECT_EQ(failure.retry_after_ms, -1);
    }
};

TEST_P(retried_answers, before_the_first_connection) {
    fault_server server({answer(), answer(), keeps_streaming(first_event)});
    observed_worker worker(server.url(), gullible());
    EXPECT_EQ(worker.await_events(1), (std::vector<told_event>{{"message", "first", "1"}}));
    ASSERT_EQ(worker.failures().size(), 2U) << "each failure is reported";
    for (const told_failure &failure : worker.failures())
        expect_told(failure);
    EXPECT_TRUE(worker.log().has_level(KN_LOG_WARNING));
    EXPECT_EQ(server.requests()[2].header("Last-Event-ID"), std::nullopt);
}

TEST_P(retried_answers, after_the_first_connection) {
    fault_server server({streams(first_event), answer(), keeps_streaming(second_event)});
    observed_worker worker(server.url(), gullible());
    EXPECT_EQ(worker.await_events(2),
              (std::vector<told_event>{{"message", "first", "1"}, {"message", "second", "2"}}));
    ASSERT_EQ(worker.failures().size(), 2U);
    expect_told(worker.failures()[1]);
    EXPECT_EQ(server.requests()[2].header("Last-Event-ID"), "1");
}

INSTANTIATE_TEST_SUITE_P(
    worker, retried_answers,
    testing::Values(retried_answer{201, KN_EPROTOCOL}, retried_answer{202, KN_EPROTOCOL},
                    retried_answer{205, KN_EPROTOCOL}, retried_answer{206, KN_EPROTOCOL},
                    retried_answer{210, KN_EPROTOCOL}, retried_answer{299, KN_EPROTOCOL},
                    retried_answer{300, KN_EPROTOCOL}, retried_answer{304, KN_EPROTOCOL},
                    retried_answer{408, KN_EBADREQUEST}, retried_answer{425, KN_EBADREQUEST},
                    retried_answer{429, KN_ERATELIMIT}, retried_answer{500, KN_ESERVER},
                    retried_answer{502, KN_EUNAVAILABLE}, retried_answer{503, KN_EUNAVAILABLE},
                    retried_answer{504, KN_EUNAVAILABLE}, retried_answer{505, KN_ESERVER},
                    retried_answer{599, KN_ESERVER}),
    name_of);

// ---- what ends a worker

struct refusal {
    int http_status;
    int code; // in the answer's body
    kn_status status;
};
void PrintTo(const refusal &r, std::ostream *out) { *out << r.http_status; }
std::string refusal_name(const testing::TestParamInfo<refusal> &generated) {
    return std::to_string(generated.param.http_status) + "_" + std::to_string(generated.param.code);
}

script refuses_with(const refusal &what) {
    if (what.code == 0)
        return answers(what.http_status, {}, "no");
    return answers(what.http_status, {"Content-Type: application/json"},
                   json_error("no", what.code));
}

void expect_told(const told_failure &failure, const refusal &what) {
    EXPECT_EQ(failure.status, what.status) << kn_status_name(failure.status);
    EXPECT_EQ(failure.http_status, what.http_status);
    EXPECT_EQ(failure.server_code, what.code);
}

/// The worker ends with the refusal, tells it once, and is closed from then on.
void expect_fatal(observed_worker &worker, const refusal &what) {
    EXPECT_LT(worker.await_end(), 0);
    expect_told(worker.last_failure(), what);
    EXPECT_EQ(worker.state(), KN_WORKER_CLOSED);
    EXPECT_EQ(worker.next(0), KN_CLOSED);
    EXPECT_EQ(worker.next(-1), KN_CLOSED);
    EXPECT_TRUE(worker.log().has_level(KN_LOG_ERROR));
}

class final_refusals : public testing::TestWithParam<refusal> {};

TEST_P(final_refusals, before_the_first_connection) {
    fault_server server({refuses_with(GetParam())});
    observed_worker worker(server.url());
    expect_fatal(worker, GetParam());
    EXPECT_TRUE(worker.failures().empty()) << "it will not be retried";
    EXPECT_EQ(server.connections(), 1U);
}

TEST_P(final_refusals, after_the_first_connection) {
    fault_server server({streams(first_event), refuses_with(GetParam())});
    observed_worker worker(server.url());
    expect_fatal(worker, GetParam());
    EXPECT_EQ(worker.events().size(), 1U);
    EXPECT_EQ(server.connections(), 2U);
}

INSTANTIATE_TEST_SUITE_P(
    worker, final_refusals,
    testing::Values(refusal{401, 402, KN_EUNAUTHORIZED}, refusal{401, 0, KN_EUNAUTHORIZED},
                    refusal{403, 403, KN_EFORBIDDEN}, refusal{405, 0, KN_EBADREQUEST},
                    refusal{406, 0, KN_EBADREQUEST}, refusal{410, 0, KN_EBADREQUEST},
                    refusal{501, 0, KN_ESERVER}),
    refusal_name);

/// A mistake in the URL or the filter before the first connection, a deployment after it.
class refusals_at_first : public testing::TestWithParam<refusal> {};

TEST_P(refusals_at_first, are_final_before_the_first_connection) {
    fault_server server({refuses_with(GetParam())});
    observed_worker worker(server.url());
    expect_fatal(worker, GetParam());
    EXPECT_EQ(server.connections(), 1U);
}

TEST_P(refusals_at_first, are_final_after_failures_too) {
    fault_server server({answers(503), resets_after(""), refuses_with(GetParam())});
    observed_worker worker(server.url());
    expect_fatal(worker, GetParam());
    EXPECT_EQ(worker.failures().size(), 2U);
    EXPECT_EQ(server.connections(), 3U);
}

TEST_P(refusals_at_first, are_retried_after_the_first_connection) {
    fault_server server({streams(first_event), refuses_with(GetParam()), refuses_with(GetParam()),
                         keeps_streaming(second_event)});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_events(2).back(), (told_event{"message", "second", "2"}));
    ASSERT_EQ(worker.failures().size(), 3U);
    expect_told(worker.failures()[1], GetParam());
    expect_told(worker.failures()[2], GetParam());
}

INSTANTIATE_TEST_SUITE_P(
    worker, refusals_at_first,
    testing::Values(refusal{400, 400, KN_EBADREQUEST}, refusal{400, 0, KN_EBADREQUEST},
                    refusal{402, 0, KN_EBADREQUEST}, refusal{404, 455, KN_ENOVHOST},
                    refusal{404, 0, KN_ENOVHOST}, refusal{409, 0, KN_ECONFLICT},
                    refusal{413, 0, KN_ETOOBIG}, refusal{431, 0, KN_EBADREQUEST},
                    refusal{451, 0, KN_EBADREQUEST},
                    // What makes no sense for a stream is none of its statuses.
                    refusal{400, 451, KN_EBADREQUEST}, refusal{404, 454, KN_ENOVHOST}),
    refusal_name);

TEST(worker, tells_a_fatal_failure_after_the_events_before_it) {
    fault_server server({streams("data: a\n\ndata: b\n\ndata: c\n\n"), answers(403)});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EFORBIDDEN);
    EXPECT_EQ(worker.events(),
              (std::vector<told_event>{
                  {"message", "a", ""}, {"message", "b", ""}, {"message", "c", ""}}));
}

TEST(worker, run_ends_with_the_fatal_failure) {
    fault_server server({streams(first_event), answers(401)});
    observed_worker worker(server.url());
    int handled = 0;
    const kn_handler count = [](kn_event *, void *n) { ++*static_cast<int *>(n); };
    ASSERT_EQ(kn_worker_on(worker.get(), "*/*", count, &handled, nullptr, nullptr), KN_OK);
    kn_error *error = nullptr;
    EXPECT_EQ(kn_worker_run(worker.get(), &error), KN_EUNAUTHORIZED);
    EXPECT_EQ(taken(error).http_status, 401);
    EXPECT_EQ(handled, 1);
    EXPECT_EQ(kn_worker_run(worker.get(), nullptr), KN_CLOSED);
    EXPECT_EQ(kn_worker_dispatch(worker.get(), nullptr), KN_CLOSED);
}

TEST(worker, a_refusal_whose_body_never_ends_is_a_refusal) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(head(403, {"Content-Length: 1000000"}) + "because");
        with.stall();
    }});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EFORBIDDEN);
}

TEST(worker, a_refusal_with_an_endless_body_is_a_refusal) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(head(403));
        for (;;)
            with.send(std::string(4096, 'x'));
    }});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EFORBIDDEN);
}

TEST(worker, a_refusal_that_breaks_off_is_a_refusal) {
    fault_server server({resets_after(head(401, {"Content-Length: 100"}) + "{")});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EUNAUTHORIZED);
}

TEST(worker, shows_no_token_that_a_server_says_back) {
    // Every text that is told is looked at.
    const std::string said =
        "no vhost for " + std::string(token) + ", " + std::string(authorization) + " that is";
    fault_server server({answers(503, {"X-Said: " + said}, json_error(said, 1)),
                         answers(401, {"WWW-Authenticate: " + said}, json_error(said, 402))});
    observed_worker worker(server.url());
    EXPECT_EQ(worker.await_end(), KN_EUNAUTHORIZED);
    EXPECT_EQ(worker.failures().size(), 1U);
}

// ---- Retry-After

std::string http_date(std::time_t when) {
    std::tm parts{};
    gmtime_r(&when, &parts);
    char text[64];
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
}

class retry_after : public testing::TestWithParam<int> {};

TEST_P(retry_after, in_seconds_is_waited_for) {
    fault_server server({answers(GetParam(), {"Retry-After: 1"}), keeps_streaming(first_event)});
    observed_worker worker(server.url());
    worker.await_events(1);
    EXPECT_EQ(worker.failures().at(0).retry_after_ms, 1000);
    const auto requests = server.requests();
    EXPECT_GE(requests[1].arrived - requests[0].arrived, milliseconds(1000));
}

TEST_P(retry_after, as_a_date_is_waited_for) {
    fault_server server(
        {[](conversation &with) {
             with.receive();
             with.send(
                 whole_answer(GetParam(), {"Retry-After: " + http_date(std::time(nullptr) + 2)}));
         },
         keeps_streaming(first_event)});
    observed_worker worker(server.url());
    worker.await_events(1);
    // Both sides count whole seconds, and the answer takes its time.
    EXPECT_GT(worker.failures().at(0).retry_after_ms, 0);
    EXPECT_LE(worker.failures().at(0).retry_after_ms, 2000);
    const auto requests = server.requests();
    EXPECT_GE(requests[1].arrived - requests[0].arrived,
              milliseconds(worker.failures().at(0).retry_after_ms));
}

INSTANTIATE_TEST_SUITE_P(worker, retry_after, testing::Values(429, 503));

TEST(worker, a_retry_after_that_is_nonsense_is_passed_over) {
    fault_server server({answers(503, {"Retry-After: soon"}), answers(503, {"Retry-After: -5"}),
                         answers(503, {"Retry-After: " + http_date(0)}),
                         keeps_streaming(first_event)});
    observed_worker worker(server.url());
    worker.await_events(1);
    for (const told_failure &failure : worker.failures())
        EXPECT_EQ(failure.retry_after_ms, -1);
}

TEST(worker, closes_at_once_while_it_waits_for_a_far_retry_after) {
    fault_server server({answers(503, {"Retry-After: 99999999999"})});
    observed_worker worker(server.url());
    worker.await_failures(1);
    EXPECT_GT(worker.failures().at(0).retry_after_ms, 24LL * 3600 * 1000);
    EXPECT_EQ(worker.next(50), KN_AGAIN);
    EXPECT_EQ(worker.state(), KN_WORKER_WAITING);
    EXPECT_EQ(kn_worker_close(worker.get(), 5000, nullptr), KN_OK);
}

} // namespace
} // namespace faults
