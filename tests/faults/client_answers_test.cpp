// What a client makes of each HTTP status: the library's status and the details of the error.
#include <ctime>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"

namespace faults {
namespace {

constexpr operation all[] = {operation::open_channel, operation::close_channel, operation::trigger,
                             operation::request_token};

/// What @p answer is to @p what.
told_failure told_by(operation what, const std::string &answer) {
    fault_server server({says(answer)});
    const observed_client client(server.url());
    return client.call(what);
}

struct meaning {
    int http_status;
    int code; // in the answer's body
    kn_status open_channel;
    kn_status close_channel;
    kn_status trigger;
    kn_status request_token;

    kn_status of(operation what) const {
        switch (what) {
        case operation::open_channel:
            return open_channel;
        case operation::close_channel:
            return close_channel;
        case operation::trigger:
            return trigger;
        default:
            return request_token;
        }
    }
};
void PrintTo(const meaning &m, std::ostream *out) { *out << m.http_status << "/" << m.code; }

constexpr meaning same(int http_status, int code, kn_status status) {
    return {http_status, code, status, status, status, status};
}

class answer_meanings : public testing::TestWithParam<meaning> {};

TEST_P(answer_meanings, with_a_number) {
    const meaning &expected = GetParam();
    for (const operation what : all) {
        const std::string answer =
            whole_answer(expected.http_status, {"Content-Type: application/json"},
                         json_error("because of that", expected.code));
        const told_failure failure = told_by(what, answer);
        EXPECT_EQ(failure.status, expected.of(what)) << kn_status_name(failure.status);
        EXPECT_EQ(failure.http_status, expected.http_status);
        EXPECT_EQ(failure.server_code, expected.code);
        EXPECT_EQ(failure.retry_after_ms, -1);
        EXPECT_NE(failure.message.find("because of that"), std::string::npos) << failure.message;
    }
}

INSTANTIATE_TEST_SUITE_P(
    client, answer_meanings,
    testing::Values(
        meaning{400, 400, KN_EBADCHANNEL, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST},
        meaning{400, 451, KN_EBADCHANNEL, KN_EBADCHANNEL, KN_EBADCHANNEL, KN_EBADREQUEST},
        same(401, 402, KN_EUNAUTHORIZED), same(403, 403, KN_EFORBIDDEN),
        // For a token no channel is named.
        meaning{404, 454, KN_ENOCHANNEL, KN_ENOCHANNEL, KN_ENOCHANNEL, KN_ENOVHOST},
        same(404, 455, KN_ENOVHOST), same(405, 405, KN_EBADREQUEST), same(409, 409, KN_ECONFLICT),
        same(413, 413, KN_ETOOBIG), same(429, 429, KN_ERATELIMIT), same(500, 597, KN_ESERVER),
        same(503, 503, KN_EUNAVAILABLE)),
    [](const auto &generated) {
        return std::to_string(generated.param.http_status) + "_" +
               std::to_string(generated.param.code);
    });

class bare_answer_meanings : public testing::TestWithParam<meaning> {};

TEST_P(bare_answer_meanings, without_a_body) {
    const meaning &expected = GetParam();
    for (const operation what : all) {
        const told_failure failure = told_by(what, whole_answer(expected.http_status));
        EXPECT_EQ(failure.status, expected.of(what)) << kn_status_name(failure.status);
        EXPECT_EQ(failure.http_status, expected.http_status);
        EXPECT_EQ(failure.server_code, 0);
        EXPECT_EQ(failure.retry_after_ms, -1);
    }
}

INSTANTIATE_TEST_SUITE_P(
    client, bare_answer_meanings,
    testing::Values(
        same(201, 0, KN_EPROTOCOL), same(204, 0, KN_EPROTOCOL), same(299, 0, KN_EPROTOCOL),
        // The client follows no redirect: the broker sends none.
        same(301, 0, KN_EPROTOCOL), same(304, 0, KN_EPROTOCOL),
        meaning{400, 0, KN_EBADCHANNEL, KN_EBADREQUEST, KN_EBADREQUEST, KN_EBADREQUEST},
        same(401, 0, KN_EUNAUTHORIZED), same(402, 0, KN_EBADREQUEST), same(403, 0, KN_EFORBIDDEN),
        meaning{404, 0, KN_ENOVHOST, KN_ENOCHANNEL, KN_ENOCHANNEL, KN_ENOVHOST},
        same(405, 0, KN_EBADREQUEST), same(408, 0, KN_EBADREQUEST), same(409, 0, KN_ECONFLICT),
        same(410, 0, KN_EBADREQUEST), same(413, 0, KN_ETOOBIG), same(418, 0, KN_EBADREQUEST),
        same(429, 0, KN_ERATELIMIT), same(451, 0, KN_EBADREQUEST), same(499, 0, KN_EBADREQUEST),
        same(500, 0, KN_ESERVER), same(501, 0, KN_ESERVER), same(502, 0, KN_EUNAVAILABLE),
        same(503, 0, KN_EUNAVAILABLE), same(504, 0, KN_EUNAVAILABLE), same(505, 0, KN_ESERVER),
        same(599, 0, KN_ESERVER)),
    [](const auto &generated) { return std::to_string(generated.param.http_status); });

TEST(client, what_is_meant_for_another_call_is_no_success) {
    EXPECT_EQ(told_by(operation::open_channel, whole_answer(200)).status, KN_EPROTOCOL);
    EXPECT_EQ(told_by(operation::close_channel, whole_answer(200)).status, KN_EPROTOCOL);
    EXPECT_EQ(told_by(operation::trigger, whole_answer(200)).status, KN_EPROTOCOL);
    EXPECT_EQ(told_by(operation::request_token, whole_answer(202)).status, KN_EPROTOCOL);
}

TEST(client, asks_for_bodies_as_they_are) {
    fault_server server({says(good_answer(operation::request_token))});
    const observed_client client(server.url());
    EXPECT_EQ(client.call(operation::request_token).status, KN_OK);
    EXPECT_EQ(server.requests().at(0).header("Accept-Encoding"), "identity");
}

TEST(client, names_the_coding_of_a_body_that_it_cannot_read) {
    for (const char *line : {"Content-Encoding: gzip", "content-encoding:GZIP "}) {
        const told_failure failure =
            told_by(operation::request_token, whole_answer(200, {line}, "\x1F\x8B\b-whatever"));
        EXPECT_EQ(failure.status, KN_EPROTOCOL) << failure.message;
        EXPECT_EQ(failure.http_status, 200);
        EXPECT_NE(failure.message.find("Content-Encoding: "), std::string::npos) << failure.message;
    }
    EXPECT_EQ(told_by(operation::request_token,
                      whole_answer(200, {"Content-Encoding: identity"}, R"({"token":"abc"})"))
                  .status,
              KN_OK);
    EXPECT_EQ(told_by(operation::request_token,
                      whole_answer(200, {"Content-Encoding: br", "Content-Encoding: identity"},
                                   R"({"token":"abc"})"))
                  .status,
              KN_EPROTOCOL);
}

TEST(client, takes_no_trailer_for_a_line_of_the_head) {
    EXPECT_EQ(told_by(operation::request_token,
                      head(200, {"Transfer-Encoding: chunked"}) +
                          "f\r\n{\"token\":\"abc\"}\r\n0\r\nContent-Encoding: gzip\r\n\r\n")
                  .status,
              KN_OK);
}

TEST(client, needs_no_body_to_know_what_a_status_says) {
    const std::string coded = "\x1F\x8B\b-whatever";
    EXPECT_EQ(
        told_by(operation::trigger, whole_answer(202, {"Content-Encoding: gzip"}, coded)).status,
        KN_OK);
    const told_failure failure =
        told_by(operation::trigger, whole_answer(503, {"Content-Encoding: gzip"}, coded));
    EXPECT_EQ(failure.status, KN_EUNAVAILABLE);
    EXPECT_EQ(failure.message.find('\x1F'), std::string::npos);
}

TEST(client, says_where_a_redirect_leads) {
    const auto message_of = [](const std::string &to) {
        const told_failure failure =
            told_by(operation::trigger, whole_answer(301, {"Location: " + to}));
        EXPECT_EQ(failure.status, KN_EPROTOCOL) << failure.message;
        EXPECT_EQ(failure.http_status, 301);
        return failure.message;
    };
    EXPECT_NE(message_of("https://broker.example/vhost/channels?key=1#x")
                  .find("to https://broker.example/vhost/channels, and a client follows no "
                        "redirect, while triggering an event on the channel "),
              std::string::npos);
    const std::string message = message_of("/login");
    EXPECT_NE(message.find("/login, and a client"), std::string::npos);
    const std::string last = "; make it with that URL"; // behind what the call was about
    EXPECT_EQ(message.rfind(last), message.size() - last.size()) << message;
    EXPECT_NE(message_of("https://joe:secret@broker.example/").find("https://broker.example/, "),
              std::string::npos);
    EXPECT_NE(message_of("http://" + std::string(token) + ".example/").find("another place"),
              std::string::npos);
}

class bodies_without_a_token : public testing::TestWithParam<const char *> {};

TEST_P(bodies_without_a_token, are_no_answer) {
    const told_failure failure =
        told_by(operation::request_token, whole_answer(200, {}, GetParam()));
    EXPECT_EQ(failure.status, KN_EPROTOCOL);
    EXPECT_EQ(failure.http_status, 200);
}

INSTANTIATE_TEST_SUITE_P(client, bodies_without_a_token,
                         testing::Values("", "{}", "[]", "null", "\"abc\"", "{\"token\":null}",
                                         "{\"token\":1}", "{\"token\":\"\"}", "{\"token\":\"a",
                                         "{\"token\":\"a\\u0000b\"}", "<html>", "\xFF\xFE"));

class odd_error_bodies : public testing::TestWithParam<const char *> {};

TEST_P(odd_error_bodies, tell_nothing_and_break_nothing) {
    const told_failure failure =
        told_by(operation::open_channel, whole_answer(403, {}, GetParam()));
    EXPECT_EQ(failure.status, KN_EFORBIDDEN);
    EXPECT_EQ(failure.server_code, 0);
    EXPECT_EQ(failure.message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(client, odd_error_bodies,
                         testing::Values("", "no", "{", "[]", "null",
                                         "{\"error\":null,\"code\":null}",
                                         "{\"error\":1,\"code\":\"403\"}", "{\"code\":0}",
                                         "{\"code\":-1}", "{\"code\":99999999999999999999}",
                                         "{\"code\":1e400}", "{\"error\":\"two\\nlines\"}",
                                         "{\"error\":\"a\\u0000b\"}",
                                         "{\"error\":\"\\u001b[31mred\"}", "\xFF\xFE\x00"));

// ---- Retry-After

class client_retry_after : public testing::TestWithParam<int> {};

TEST_P(client_retry_after, is_told_in_milliseconds) {
    const told_failure failure =
        told_by(operation::open_channel, whole_answer(GetParam(), {"Retry-After: 120"}));
    EXPECT_EQ(failure.retry_after_ms, 120'000);
}

TEST_P(client_retry_after, may_be_now) {
    const told_failure failure =
        told_by(operation::open_channel, whole_answer(GetParam(), {"Retry-After: 0"}));
    EXPECT_EQ(failure.retry_after_ms, 0);
}

TEST_P(client_retry_after, may_be_a_date) {
    const std::time_t when = std::time(nullptr) + 3600;
    std::tm parts{};
    gmtime_r(&when, &parts);
    char date[64];
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    const told_failure failure = told_by(
        operation::open_channel, whole_answer(GetParam(), {std::string("Retry-After: ") + date}));
    EXPECT_GT(failure.retry_after_ms, 3'500'000);
    EXPECT_LE(failure.retry_after_ms, 3'600'000);
}

TEST_P(client_retry_after, that_is_nonsense_is_none) {
    for (const char *nonsense : {"soon", "-5", "", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
        const told_failure failure =
            told_by(operation::open_channel,
                    whole_answer(GetParam(), {std::string("Retry-After: ") + nonsense}));
        EXPECT_EQ(failure.retry_after_ms, -1) << nonsense;
    }
}

TEST_P(client_retry_after, is_that_of_its_own_answer) {
    fault_server server({[](conversation &with) {
        with.receive();
        with.send(whole_answer(GetParam(), {"Retry-After: 120"}));
        with.receive();
        with.send(whole_answer(GetParam()));
    }});
    const observed_client client(server.url());
    EXPECT_EQ(client.call().retry_after_ms, 120'000);
    EXPECT_EQ(client.call().retry_after_ms, -1);
}

INSTANTIATE_TEST_SUITE_P(client, client_retry_after, testing::Values(413, 429, 503));

// ---- the token

TEST(client, shows_no_token_that_a_server_says_back) {
    for (const std::string_view secret :
         {token, authorization, authorization.substr(authorization.find(' ') + 1)}) {
        const std::string said = "no vhost for " + std::string(secret) + " here";
        fault_server server(
            {answers(401, {"WWW-Authenticate: Basic " + said}, json_error(said, 402))});
        const observed_client client(server.url());
        for (const operation what : all)
            EXPECT_EQ(client.call(what).status, KN_EUNAUTHORIZED); // and looks at every text
    }
}

TEST(client, sends_its_credentials_and_says_what_it_is) {
    fault_server server({says(whole_answer(202))});
    const observed_client client(server.url());
    EXPECT_EQ(client.call(operation::trigger).status, KN_OK);
    const request what = server.requests().at(0);
    EXPECT_EQ(what.method, "POST");
    EXPECT_EQ(what.target, "/vhost/channels/news/events");
    EXPECT_EQ(what.header("Authorization"), authorization);
    EXPECT_EQ(what.header("Content-Type"), "application/json");
    EXPECT_EQ(what.header("Expect"), std::nullopt);
    EXPECT_EQ(what.header("User-Agent"), std::string("libkosmonaut/") + kn_version());
    EXPECT_EQ(what.body, R"({"trigger":{"event":"hello","data":{}}})");
}

} // namespace
} // namespace faults
