// client: the four requests against the real broker, and what it is when it holds nothing.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <type_traits>
#include <utility>

#include <kosmonaut/kosmonaut.hpp>

#include "broker_fixture.hpp"
#include "thrown.hpp"
#include "unused_address.hpp"

namespace {

using namespace std::chrono_literals;
using namespace std::string_view_literals;
using kosmonaut::status;

static_assert(std::is_same_v<kosmonaut::client, kosmonaut::v1::client>, "its layout has a version");
static_assert(std::is_nothrow_move_constructible_v<kosmonaut::client>);
static_assert(std::is_nothrow_move_assignable_v<kosmonaut::client>);
static_assert(!std::is_copy_constructible_v<kosmonaut::client>);
static_assert(std::is_nothrow_swappable_v<kosmonaut::client>);

TEST(Client, ABadUrlThrows) {
    EXPECT_EQ(thrown_by([] { kosmonaut::client client("ftp://nowhere"); }), status::invalid);
    EXPECT_EQ(thrown_by([] { kosmonaut::client client("http://wr:t@host/v\0host"sv); }),
              status::invalid);

    std::error_code code;
    const kosmonaut::client client("ftp://nowhere", code);
    EXPECT_EQ(code, status::invalid);
    EXPECT_EQ(client.handle(), nullptr);
}

TEST(Client, MovedFromHoldsNothing) {
    kosmonaut::client first(unused_address());
    kn_client *handle = first.handle();
    kosmonaut::client second = std::move(first);
    EXPECT_EQ(first.handle(), nullptr); // NOLINT(bugprone-use-after-move): that is the point
    EXPECT_EQ(second.handle(), handle);
    EXPECT_EQ(thrown_by([&] { first.open_channel("news"); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { first.trigger("news", "hello"); }), status::invalid);

    first = std::move(second);
    EXPECT_EQ(first.handle(), handle);
    EXPECT_EQ(second.handle(), nullptr);
    swap(first, second);
    EXPECT_EQ(second.handle(), handle);

    kosmonaut::client third(second.release());
    EXPECT_EQ(second.handle(), nullptr);
    EXPECT_EQ(third.handle(), handle);
}

TEST(Client, BadArgumentsThrowBeforeAnythingIsSent) {
    kosmonaut::client client(unused_address());
    EXPECT_EQ(thrown_by([&] { client.open_channel("no/slash"); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { client.open_channel(""); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { client.open_channel("ne\0ws"sv); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { client.trigger("news", ":system"); }), status::invalid);
    EXPECT_EQ(thrown_by([&] { client.trigger("news", "hello", "[]"); }), status::json);
    EXPECT_EQ(thrown_by([&] { client.trigger("news", "hello", std::string_view()); }),
              status::json);
    EXPECT_EQ(thrown_by([&] { (void)client.request_token("", ".*"); }), status::invalid);
}

TEST(Client, NobodyThereIsAConnectFailure) {
    kosmonaut::client client(unused_address());
    EXPECT_EQ(thrown_by([&] { client.open_channel("news"); }), status::connect);

    std::error_code code;
    client.close_channel("news", code);
    EXPECT_EQ(code, std::errc::not_connected);
    client.trigger("news", "hello", code);
    EXPECT_EQ(code, status::connect);
    EXPECT_EQ(client.request_token("joe", ".*", code), "");
    EXPECT_EQ(code, status::connect);
}

class ClientAtABroker : public BrokerTest {};

TEST_F(ClientAtABroker, OpensAndClosesChannels) {
    kosmonaut::client client(url());
    client.open_channel("news");
    client.open_channel("news"); // changes nothing
    client.close_channel("news");
    try {
        client.close_channel("news");
        ADD_FAILURE() << "it was closed already";
    } catch (const kosmonaut::error &error) {
        EXPECT_EQ(error.status(), status::no_channel);
        EXPECT_EQ(error.http_status(), 404);
        EXPECT_EQ(error.server_code(), 454);
        EXPECT_EQ(error.retry_after(), std::nullopt);
    }
}

TEST_F(ClientAtABroker, ClearsTheErrorCodeOfACallThatWorks) {
    kosmonaut::client client(url());
    std::error_code code = status::internal;
    client.open_channel("news", code);
    EXPECT_FALSE(code);
    client.trigger("news", "hello", R"({"n":1})", code);
    EXPECT_FALSE(code);
    client.trigger("elsewhere", "hello", code);
    EXPECT_EQ(code, status::no_channel);
}

TEST_F(ClientAtABroker, TakesViewsThatNoNulFollows) {
    kosmonaut::client client(url());
    const std::string text = "news-and-more{\"n\":1}rest";
    const std::string_view view = text;
    client.open_channel(view.substr(0, 4));
    client.trigger(view.substr(0, 4), view.substr(9, 4), view.substr(13, 7));
    client.close_channel("news");
}

TEST_F(ClientAtABroker, TakesNamesOfAnyLength) {
    kosmonaut::client client(url());
    for (const std::size_t length : {126U, 127U, 128U, 129U, 200U}) {
        const std::string channel(length, 'c');
        client.open_channel(channel);
        client.close_channel(channel);
    }
}

TEST_F(ClientAtABroker, AsksForTokens) {
    kosmonaut::client client(url());
    const std::string token = client.request_token("joe", "private-.*");
    EXPECT_EQ(token.size(), 128U);
    EXPECT_NE(token, client.request_token("joe", "private-.*"));
    EXPECT_EQ(thrown_by([&] { (void)client.request_token("joe", "private-("); }),
              status::bad_request);
}

TEST_F(ClientAtABroker, AWrongTokenIsUnauthorized) {
    std::string wrong = url();
    wrong.replace(wrong.find("wr:") + 3, 4, "0000");
    kosmonaut::client client(wrong);
    try {
        client.open_channel("news");
        ADD_FAILURE() << "with a wrong token";
    } catch (const kosmonaut::error &error) {
        EXPECT_EQ(error.status(), status::unauthorized);
        EXPECT_EQ(error.code(), std::errc::permission_denied);
        EXPECT_FALSE(error.is_retriable());
    }
}

} // namespace
