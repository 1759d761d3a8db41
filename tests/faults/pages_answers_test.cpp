// What a client makes of a server's pages, right and wrong.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "observed_client.hpp"

namespace faults {
namespace {

using page_ptr = std::unique_ptr<kn_subscribers, decltype(&kn_subscribers_free)>;

struct outcome {
    told_failure failure;
    page_ptr page{nullptr, &kn_subscribers_free};
};

outcome ask(const observed_client &client, const char *after = nullptr, std::int32_t limit = 0) {
    outcome got;
    kn_error *error = nullptr;
    kn_subscribers *page = nullptr;
    const kn_status status =
        kn_client_subscribers(client.get(), "room", after, limit, &page, &error);
    got.page.reset(page);
    EXPECT_EQ(page != nullptr, status == KN_OK);
    got.failure = taken(error);
    EXPECT_EQ(got.failure.status, status);
    return got;
}

/// What a client that knows no better makes of this body of a 200.
outcome answered(std::string_view body, const char *after = nullptr) {
    fault_server server({answers(200, {"Content-Type: application/json"}, body)});
    return ask(observed_client(server.url()), after);
}

std::string data_of(const outcome &got, std::size_t index) {
    std::size_t length = 0;
    const char *text = kn_subscribers_data(got.page.get(), index, &length);
    return text != nullptr ? std::string(text, length) : "(none)";
}

TEST(subscribers, are_read_whatever_else_is_said) {
    const outcome got = answered(R"( { "next" : "s2" , "more":[{"subscribers":1}],
        "subscribers" : [ {"sid":"s1","uid":null,"hidden":false,"data":{},"since":12345678901234567890},
                          {"data":{"name":"Al"},"hidden":true,"uid":"al","sid":"s\u0032"} ] } )");
    ASSERT_NE(got.page, nullptr) << got.failure.message;
    const kn_subscribers *page = got.page.get();
    EXPECT_EQ(kn_subscribers_count(page), 2U);
    EXPECT_STREQ(kn_subscribers_sid(page, 0), "s1");
    EXPECT_EQ(kn_subscribers_uid(page, 0), nullptr);
    EXPECT_EQ(kn_subscribers_hidden(page, 0), 0);
    EXPECT_EQ(data_of(got, 0), "{}");
    EXPECT_STREQ(kn_subscribers_sid(page, 1), "s2");
    EXPECT_STREQ(kn_subscribers_uid(page, 1), "al");
    EXPECT_EQ(kn_subscribers_hidden(page, 1), 1);
    EXPECT_EQ(data_of(got, 1), R"({"name":"Al"})");
    EXPECT_STREQ(kn_subscribers_next(page), "s2");
}

// A browser that says what no backend can read hides nobody else.
TEST(subscribers, come_with_data_that_is_not_judged) {
    for (const std::string_view data :
         {R"({"n": 1.0, "m":[1e400, 123456789012345678901234567890]})", R"({"\u0000":"\u0000"})",
          "{ \"a\" : { \"subscribers\" : [ \"}\" ] } }", "{\"euro\":\"\xE2\x82\xAC\"}"}) {
        const outcome got =
            answered(R"({"subscribers":[{"sid":"s","uid":"u","hidden":false,"data":)" +
                     std::string(data) + R"(}],"next":null})");
        ASSERT_NE(got.page, nullptr) << data << got.failure.message;
        EXPECT_EQ(data_of(got, 0), data);
        EXPECT_EQ(kn_subscribers_next(got.page.get()), nullptr);
    }
}

class bodies_without_a_page : public testing::TestWithParam<const char *> {};

TEST_P(bodies_without_a_page, are_no_answer) {
    const outcome got = answered(GetParam());
    EXPECT_EQ(got.failure.status, KN_EPROTOCOL) << kn_status_name(got.failure.status);
    EXPECT_EQ(got.failure.http_status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    client, bodies_without_a_page,
    testing::Values(
        "", "{}", "[]", "null", "<html>", "\xFF\xFE", R"({"subscribers":[]})", R"({"next":null})",
        R"({"subscribers":null,"next":null})", R"({"subscribers":{},"next":null})",
        R"({"subscribers":[],"next":1})", R"({"subscribers":[],"next":""})",
        R"({"subscribers":[],"next":"a\u0000b"})", R"({"subscribers":[],"next":null)",
        R"({"subscribers":[],"next":null}})", R"({"subscribers":[],"next":nil})",
        R"({"subscribers":[1],"next":null})", R"({"subscribers":[null],"next":null})",
        R"({"subscribers":[{}],"next":null})", R"({"subscribers":[],"subscribers":[],"next":null})",
        R"({"subscribers":[{"uid":null,"hidden":false,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"","uid":null,"hidden":false,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":1,"uid":null,"hidden":false,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"a\u0000b","uid":null,"hidden":false,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"s","hidden":false,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":7,"hidden":false,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":"a\u0000b","hidden":false,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":null,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":null,"hidden":0,"data":{}}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":null,"hidden":false}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":null,"hidden":false,"data":null}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":null,"hidden":false,"data":[]}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":null,"hidden":false,"data":{]}],"next":null})",
        R"({"subscribers":[{"sid":"s","uid":null,"hidden":false,"data":{},"data":{}}],"next":null})",
        "{\"subscribers\":[{\"sid\":\"s\",\"uid\":null,\"hidden\":false,\"data\":{\"\xFF\":1}}],"
        "\"next\":null}"));

TEST(subscribers, never_go_round_in_circles) {
    constexpr const char *body =
        R"({"subscribers":[{"sid":"s1","uid":null,"hidden":false,"data":{}}],"next":"s1"})";
    EXPECT_EQ(answered(body).failure.status, KN_OK);
    EXPECT_EQ(answered(body, "s1").failure.status, KN_EPROTOCOL);
    EXPECT_EQ(answered(R"({"subscribers":[],"next":"s1"})").failure.status, KN_EPROTOCOL);
}

TEST(subscribers, are_asked_for_by_what_was_given) {
    const std::string nobody = whole_answer(200, {}, R"({"subscribers":[],"next":null})");
    fault_server server({[&](conversation &with) {
        for (int i = 0; i < 4; ++i) {
            with.receive();
            with.send(nobody);
        }
    }});
    const observed_client client(server.url());
    EXPECT_EQ(ask(client).failure.status, KN_OK);
    EXPECT_EQ(ask(client, nullptr, 7).failure.status, KN_OK);
    EXPECT_EQ(ask(client, "a b&c").failure.status, KN_OK);
    EXPECT_EQ(ask(client, "s1", 1000).failure.status, KN_OK);
    const std::vector<request> sent = server.requests();
    ASSERT_EQ(sent.size(), 4U);
    const std::string resource = "/vhost/channels/room/subscribers";
    EXPECT_EQ(sent[0].method, "GET");
    EXPECT_EQ(sent[0].target, resource);
    EXPECT_EQ(sent[1].target, resource + "?limit=7");
    EXPECT_EQ(sent[2].target, resource + "?after=a%20b%26c");
    EXPECT_EQ(sent[3].target, resource + "?after=s1&limit=1000");
    EXPECT_EQ(server.connections(), 1U);
}

TEST(subscribers, may_be_more_than_the_client_takes) {
    const std::string data = "{\"d\":\"" + std::string(2 << 20, 'x') + "\"}";
    EXPECT_EQ(answered(R"({"subscribers":[{"sid":"s","uid":null,"hidden":false,"data":)" + data +
                       R"(}],"next":null})")
                  .failure.status,
              KN_ETOOBIG);
}

struct refusal {
    int http_status;
    int code;
    kn_status expected;
};
void PrintTo(const refusal &r, std::ostream *out) { *out << r.http_status << "/" << r.code; }

class refused_pages : public testing::TestWithParam<refusal> {};

TEST_P(refused_pages, say_why) {
    const refusal &said = GetParam();
    fault_server server({answers(said.http_status, {}, json_error("because", said.code))});
    const outcome got = ask(observed_client(server.url()));
    EXPECT_EQ(got.failure.status, said.expected) << kn_status_name(got.failure.status);
    EXPECT_EQ(got.failure.http_status, said.http_status);
    EXPECT_EQ(got.failure.server_code, said.code);
}

INSTANTIATE_TEST_SUITE_P(
    client, refused_pages,
    testing::Values(refusal{400, 400, KN_EBADREQUEST}, refusal{400, 451, KN_EBADCHANNEL},
                    refusal{401, 402, KN_EUNAUTHORIZED}, refusal{404, 454, KN_ENOCHANNEL},
                    refusal{404, 455, KN_ENOVHOST},
                    // The resource itself is not there.
                    refusal{404, 404, KN_EPROTOCOL}, refusal{404, 0, KN_EPROTOCOL},
                    refusal{202, 0, KN_EPROTOCOL}));

TEST(subscribers, are_the_same_for_calls_that_nobody_waits_for) {
    fault_server server({answers(
        200, {},
        R"({"subscribers":[{"sid":"s","uid":null,"hidden":false,"data":{"n":1}}],"next":null})")});
    const observed_client client(server.url());
    std::string heard;
    const kn_completion told = [](const kn_result *result, void *to) {
        const kn_subscribers *page = kn_result_subscribers(result);
        EXPECT_EQ(kn_subscribers_count(page), 1U);
        EXPECT_EQ(kn_result_token(result), nullptr);
        EXPECT_EQ(kn_result_count(result), 0U);
        *static_cast<std::string *>(to) = kn_subscribers_data(page, 0, nullptr);
    };
    ASSERT_EQ(kn_client_subscribers_async(client.get(), "room", nullptr, 0, told, &heard, nullptr,
                                          nullptr),
              KN_OK);
    EXPECT_EQ(kn_client_flush(client.get(), longer_than_patience_ms, nullptr), KN_OK);
    EXPECT_EQ(heard, R"({"n":1})");
}

// ---- Channels ----

struct channels_outcome {
    told_failure failure;
    std::unique_ptr<kn_channels, decltype(&kn_channels_free)> page{nullptr, &kn_channels_free};
};

channels_outcome ask_for_channels(const observed_client &client, const char *prefix = nullptr,
                                  const char *after = nullptr, std::int32_t limit = 0) {
    channels_outcome got;
    kn_error *error = nullptr;
    kn_channels *page = nullptr;
    const kn_status status = kn_client_channels(client.get(), prefix, after, limit, &page, &error);
    got.page.reset(page);
    EXPECT_EQ(page != nullptr, status == KN_OK);
    got.failure = taken(error);
    EXPECT_EQ(got.failure.status, status);
    return got;
}

channels_outcome channels_answered(std::string_view body, const char *after = nullptr) {
    fault_server server({answers(200, {"Content-Type: application/json"}, body)});
    return ask_for_channels(observed_client(server.url()), nullptr, after);
}

TEST(channels, are_read_whatever_else_is_said) {
    const channels_outcome got =
        channels_answered(R"( {"next":"b","more":[{"channels":1}],"channels":[
        {"name":"a","type":"normal","subscribers":0,"history":{"events":100}},
        {"members":1.0,"subscribers":9007199254740992,"type":"club","name":"\u0062"}]})");
    ASSERT_NE(got.page, nullptr) << got.failure.message;
    const kn_channels *page = got.page.get();
    EXPECT_EQ(kn_channels_count(page), 2U);
    EXPECT_STREQ(kn_channels_name(page, 0), "a");
    EXPECT_EQ(kn_channels_members(page, 0), -1);
    EXPECT_STREQ(kn_channels_name(page, 1), "b");
    EXPECT_STREQ(kn_channels_type(page, 1), "club"); // of a broker that came later
    EXPECT_EQ(kn_channels_subscribers(page, 1), 1LL << 53);
    EXPECT_EQ(kn_channels_members(page, 1), 1);
    EXPECT_STREQ(kn_channels_next(page), "b");
}

class bodies_without_channels : public testing::TestWithParam<const char *> {};

TEST_P(bodies_without_channels, are_no_answer) {
    const channels_outcome got = channels_answered(GetParam());
    EXPECT_EQ(got.failure.status, KN_EPROTOCOL) << kn_status_name(got.failure.status);
    EXPECT_EQ(got.failure.http_status, 200);
}

INSTANTIATE_TEST_SUITE_P(
    client, bodies_without_channels,
    testing::Values(
        "", "{}", R"({"channels":[]})", R"({"channels":{},"next":null})",
        R"({"channels":[],"next":""})", R"({"channels":[1],"next":null})",
        R"({"channels":[{}],"next":null})",
        R"({"channels":[{"type":"normal","subscribers":0}],"next":null})",
        R"({"channels":[{"name":"","type":"normal","subscribers":0}],"next":null})",
        R"({"channels":[{"name":"a\u0000","type":"normal","subscribers":0}],"next":null})",
        R"({"channels":[{"name":"a","subscribers":0}],"next":null})",
        R"({"channels":[{"name":"a","type":1,"subscribers":0}],"next":null})",
        R"({"channels":[{"name":"a","type":"normal"}],"next":null})",
        R"({"channels":[{"name":"a","type":"normal","subscribers":-1}],"next":null})",
        R"({"channels":[{"name":"a","type":"normal","subscribers":0.5}],"next":null})",
        R"({"channels":[{"name":"a","type":"normal","subscribers":1e30}],"next":null})",
        R"({"channels":[{"name":"a","type":"normal","subscribers":"0"}],"next":null})",
        R"({"channels":[{"name":"a","type":"normal","subscribers":{"size":0}}],"next":null})",
        R"({"channels":[{"name":"a","type":"presence","subscribers":0,"members":null}],"next":null})"));

TEST(channels, never_go_round_in_circles) {
    constexpr const char *body =
        R"({"channels":[{"name":"a","type":"normal","subscribers":0}],"next":"a"})";
    EXPECT_EQ(channels_answered(body).failure.status, KN_OK);
    EXPECT_EQ(channels_answered(body, "a").failure.status, KN_EPROTOCOL);
    EXPECT_EQ(channels_answered(R"({"channels":[],"next":"a"})").failure.status, KN_EPROTOCOL);
}

TEST(channels, are_asked_for_by_what_was_given) {
    const std::string nothing = whole_answer(200, {}, R"({"channels":[],"next":null})");
    fault_server server({[&](conversation &with) {
        for (int i = 0; i < 4; ++i) {
            with.receive();
            with.send(nothing);
        }
    }});
    const observed_client client(server.url());
    EXPECT_EQ(ask_for_channels(client).failure.status, KN_OK);
    EXPECT_EQ(ask_for_channels(client, "").failure.status, KN_OK);
    EXPECT_EQ(ask_for_channels(client, "room-").failure.status, KN_OK);
    EXPECT_EQ(ask_for_channels(client, "a.b", "a b&c", 7).failure.status, KN_OK);
    const std::vector<request> sent = server.requests();
    ASSERT_EQ(sent.size(), 4U);
    const std::string resource = "/vhost/channels";
    EXPECT_EQ(sent[0].method, "GET");
    EXPECT_EQ(sent[0].target, resource);
    EXPECT_EQ(sent[1].target, resource);
    EXPECT_EQ(sent[2].target, resource + "?prefix=room-");
    EXPECT_EQ(sent[3].target, resource + "?after=a%20b%26c&limit=7&prefix=a.b");
}

class refused_channels : public testing::TestWithParam<refusal> {};

TEST_P(refused_channels, say_why) {
    const refusal &said = GetParam();
    fault_server server({answers(said.http_status, {}, json_error("because", said.code))});
    const channels_outcome got = ask_for_channels(observed_client(server.url()));
    EXPECT_EQ(got.failure.status, said.expected) << kn_status_name(got.failure.status);
    EXPECT_EQ(got.failure.server_code, said.code);
}

INSTANTIATE_TEST_SUITE_P(client, refused_channels,
                         testing::Values(refusal{400, 400, KN_EBADREQUEST},
                                         refusal{401, 402, KN_EUNAUTHORIZED},
                                         refusal{404, 455, KN_ENOVHOST},
                                         // The resource itself is not there.
                                         refusal{404, 404, KN_EPROTOCOL},
                                         refusal{404, 454, KN_EPROTOCOL},
                                         refusal{202, 0, KN_EPROTOCOL}));

TEST(channels, may_be_more_than_the_client_takes) {
    std::string rows;
    for (int i = 0; i < 40'000; ++i)
        rows += R"({"name":")" + std::to_string(i) + R"(","type":"normal","subscribers":0},)";
    rows.pop_back();
    EXPECT_EQ(channels_answered(R"({"channels":[)" + rows + R"(],"next":null})").failure.status,
              KN_ETOOBIG);
}

} // namespace
} // namespace faults
