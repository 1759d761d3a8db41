// A page's connection while an answer to one of its commands is waited for.
#include "client/websocket_connection.h"
#include "held_exchange.h"
#include "hub/vhost.h"
#include "net/connection.h"

#include <algorithm>
#include <array>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace {

using namespace webrocket;
using boost::asio::local::stream_protocol;

// As a browser sends it, with a mask of zeros.
std::string frame(unsigned kind, std::string_view text) {
    const auto byte = [](std::size_t value) { return static_cast<char>(value); };
    std::string bytes{byte(kind), byte(0x80 | std::min<std::size_t>(text.size(), 126))};
    if (text.size() >= 126)
        bytes += {byte(text.size() >> 8), byte(text.size() & 0xff)};
    return bytes.append(4, '\0').append(text);
}
std::string message(std::string_view text) { return frame(final_frame::text, text); }

class websocket_connection : public testing::Test {
  protected:
    websocket_connection() : peer_(loops_.first().io()) {
        vhost_->channels().open("room");
        stream_protocol::socket ours(loops_.first().io());
        boost::asio::local::connect_pair(ours, peer_);
        ours.native_non_blocking(true);
        connection_.reset(
            new Connection(loops_, loops_.first(), Port::service, Socket(ours.release()), nullptr));
        connection_->start(std::make_unique<WebSocketConnection>(
            *connection_, exchange_, vhost_, vhost_->connections().take(),
            std::make_shared<const SessionRules>()));
        hears();
    }
    ~websocket_connection() override {
        connection_->abort();
        turn();
    }

    void turn() {
        loops_.first().io().restart();
        loops_.first().io().poll();
    }
    void send(const std::string &bytes) {
        ::send(peer_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        turn();
    }
    // All that has come.
    std::string hears() {
        turn();
        std::string text;
        std::array<char, 65536> bytes{};
        for (ssize_t count = 0;
             (count = ::recv(peer_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;)
            text.append(bytes.data(), static_cast<std::size_t>(count));
        return text;
    }
    std::string auth() {
        return message(
            fmt::format(R"({{"auth":{{"token":"{}"}}}})", vhost_->tokens().issue({"alice", ".*"})));
    }

    EventLoops loops_{1};
    std::shared_ptr<Vhost> vhost_ =
        std::make_shared<Vhost>("/moon", "token", loops_, VhostLimits());
    HeldExchange exchange_;
    ConnectionPtr connection_;
    stream_protocol::socket peer_;
};

bool is_before(std::string_view text, std::string_view first, std::string_view second) {
    const auto place = text.find(first);
    return place != text.npos && text.find(second, place) != text.npos;
}

const std::string subscribe = message(R"({"subscribe":{"channel":"room"}})");
const std::string event = message(R"({"broadcast":{"channel":"room","event":"hello"}})");
const std::string nonsense = message("nonsense");

TEST_F(websocket_connection, what_follows_an_authentication_waits_for_it) {
    exchange_.hold_tokens = true;
    send(auth() + subscribe + nonsense.substr(0, 5));
    send(nonsense.substr(5));
    EXPECT_EQ(hears(), "");
    exchange_.answer();
    const std::string heard = hears();
    EXPECT_TRUE(is_before(heard, ":authenticated", ":subscribed"));
    EXPECT_TRUE(is_before(heard, ":subscribed", ":error"));
}

TEST_F(websocket_connection, two_in_one_piece_are_waited_for_one_after_the_other) {
    exchange_.hold_tokens = true;
    send(auth() + auth() + subscribe);
    exchange_.answer();
    EXPECT_TRUE(is_before(hears(), ":authenticated", ""));
    EXPECT_EQ(exchange_.waiting.size(), 1U);
    exchange_.answer();
    EXPECT_TRUE(is_before(hears(), ":authenticated", ":subscribed"));
}

TEST_F(websocket_connection, a_ping_is_answered_in_its_turn) {
    exchange_.hold_tokens = true;
    send(auth() + frame(final_frame::ping, ""));
    EXPECT_EQ(hears(), "");
    exchange_.answer();
    EXPECT_TRUE(is_before(hears(), ":authenticated", std::string_view("\x8a\x00", 2)));
}

TEST_F(websocket_connection, nothing_more_is_read_meanwhile) {
    exchange_.hold_tokens = true;
    send(auth());
    const std::uint64_t read = loops_.first().figures().bytes_received.value();
    send(nonsense);
    EXPECT_EQ(loops_.first().figures().bytes_received.value(), read);
    EXPECT_TRUE(connection_->is_reading_paused());
    exchange_.answer();
    EXPECT_TRUE(is_before(hears(), ":authenticated", ":error"));
    EXPECT_FALSE(connection_->is_reading_paused());
}

TEST_F(websocket_connection, it_ends_when_what_it_sent_is_done) {
    exchange_.hold_events = true;
    send(subscribe + event + frame(final_frame::close, ""));
    EXPECT_TRUE(is_before(hears(), ":subscribed", ""));
    EXPECT_EQ(vhost_->channels().find("room")->subscriber_count(), 1U);
    EXPECT_FALSE(connection_->ending());
    exchange_.answer();
    EXPECT_TRUE(connection_->ending());
    EXPECT_EQ(vhost_->channels().find("room")->subscriber_count(), 0U);
}

TEST_F(websocket_connection, a_vanished_page_leaves_when_what_it_sent_is_done) {
    exchange_.hold_events = true;
    send(subscribe + event);
    peer_.shutdown(stream_protocol::socket::shutdown_send);
    turn();
    EXPECT_EQ(vhost_->channels().find("room")->subscriber_count(), 1U);
    exchange_.answer();
    turn();
    EXPECT_EQ(vhost_->channels().find("room")->subscriber_count(), 0U);
}

TEST_F(websocket_connection, it_may_be_torn_down_while_it_waits) {
    exchange_.hold_events = true;
    send(subscribe + event + nonsense);
    connection_->abort();
    turn();
    EXPECT_EQ(vhost_->channels().find("room")->subscriber_count(), 0U);
    exchange_.answer();
    EXPECT_TRUE(exchange_.waiting.empty());
}

} // namespace
