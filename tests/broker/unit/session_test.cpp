// A page's commands when others take their time to answer.
#include "client/session.h"
#include "frames.h"
#include "held_exchange.h"
#include "hub/vhost.h"
#include "page.h"
#include "websocket/frame.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace webrocket;
using Lines = std::vector<std::string>;

// The names of what was said, and the codes of errors.
std::string name_of(std::string_view frame) {
    const auto name = [frame](std::string_view before, char after) {
        const auto begin = frame.find(before) + before.size();
        return std::string(frame.substr(begin, frame.find(after, begin) - begin));
    };
    return frame.find("\":error\"") != frame.npos ? name("\"code\":", ',') : name("{\"", '"');
}

class session : public testing::Test, protected SessionTransport {
  protected:
    session() {
        vhost_->channels().open("room");
        vhost_->channels().open("private-room");
        channel_ = vhost_->channels().find("room");
        listening_.subscriber = &listener_;
        channel_->join(listening_);
        make_session();
        say(R"({"subscribe":{"channel":"room"}})");
        heard();
        said_.clear();
    }
    ~session() override {
        session_.reset();
        heard();
        channel_->leave(listening_, Departure::left);
    }

    EventLoop &loop() override { return loops_.first(); }
    const ClientAddress &address() const override { return address_; }
    std::size_t pending_bytes() const override { return 0; }
    void send(const Frame &frames, std::size_t) override {
        for (const auto &message : messages_in(*frames))
            said_.push_back(name_of(message));
    }
    void close(std::uint16_t code) override { closed_with_ = code; }
    void run(const std::function<void()> &call) override { call(); }
    void read_on(std::string_view held) override { read_on_.emplace_back(held); }

    void make_session() {
        session_.reset(
            new Session(exchange_, vhost_, *this, std::make_shared<const SessionRules>()));
    }
    bool say(std::string_view message) { return session_->on_message(message); }
    void broadcast(std::string_view event) {
        say(fmt::format(R"({{"broadcast":{{"channel":"room","event":"{}"}}}})", event));
    }
    void authenticate() {
        const auto token = vhost_->tokens().issue({"alice", ".*"});
        say(fmt::format(R"({{"auth":{{"token":"{}"}}}})", token));
    }
    // What others heard since this was last asked.
    Lines heard() {
        loop().io().restart();
        loop().io().poll();
        Lines names;
        for (const auto &frame : std::exchange(listener_.heard, {}))
            names.push_back(name_of(frame));
        return names;
    }
    Lines said() { return std::exchange(said_, {}); }

    EventLoops loops_{1};
    std::shared_ptr<Vhost> vhost_ =
        std::make_shared<Vhost>("/moon", "token", loops_, VhostLimits());
    HeldExchange exchange_;
    std::shared_ptr<Channel> channel_;
    std::unique_ptr<Session> session_;
    std::optional<std::uint16_t> closed_with_;
    Lines read_on_;

  private:
    const ClientAddress address_ = *ClientAddress::parse("192.0.2.1");
    Page listener_{loops_.first(), "listener"};
    Subscription listening_;
    Lines said_;
};

TEST_F(session, waits_for_nothing_that_is_there) {
    authenticate();
    say(R"({"subscribe":{"channel":"private-room"}})");
    broadcast("a");
    EXPECT_FALSE(session_->is_waiting());
    EXPECT_EQ(said(), (Lines{":authenticated", ":subscribed"}));
    EXPECT_EQ(heard(), Lines{"a"});
}

TEST_F(session, takes_nothing_until_it_is_known_who_it_is) {
    exchange_.hold_tokens = true;
    authenticate();
    EXPECT_TRUE(session_->holds_input());
    session_->hold_input("what follows");
    EXPECT_EQ(said(), Lines{});
    exchange_.answer();
    EXPECT_EQ(said(), Lines{":authenticated"});
    EXPECT_EQ(read_on_, Lines{"what follows"});
    EXPECT_FALSE(session_->is_waiting());
}

TEST_F(session, is_nobody_after_a_late_no) {
    exchange_.hold_tokens = true;
    say(R"({"auth":{"token":"unknown"}})");
    exchange_.answer();
    EXPECT_EQ(said(), Lines{"402"});
}

TEST_F(session, takes_nothing_until_it_has_joined) {
    authenticate();
    said();
    exchange_.hold_joins = true;
    say(R"({"subscribe":{"channel":"private-room"}})");
    EXPECT_TRUE(session_->holds_input());
    EXPECT_EQ(vhost_->channels().find("private-room")->subscriber_count(), 0U);
    exchange_.answer();
    EXPECT_EQ(said(), Lines{":subscribed"});
    EXPECT_EQ(vhost_->channels().find("private-room")->subscriber_count(), 1U);
}

TEST_F(session, may_not_join_what_is_closed_when_the_answer_comes) {
    authenticate();
    said();
    exchange_.hold_joins = true;
    say(R"({"subscribe":{"channel":"private-room"}})");
    vhost_->channels().close("private-room");
    exchange_.answer();
    EXPECT_EQ(said(), Lines{"454"});
}

TEST_F(session, events_keep_their_order_whatever_is_answered_first) {
    exchange_.hold_events = true;
    for (const auto *event : {"a", "b", "c"})
        broadcast(event);
    EXPECT_FALSE(session_->holds_input());
    exchange_.answer(2);
    exchange_.answer(1);
    EXPECT_EQ(heard(), Lines{});
    exchange_.answer();
    EXPECT_EQ(heard(), (Lines{"a", "b", "c"}));
    EXPECT_FALSE(session_->is_waiting());
}

TEST_F(session, nothing_overtakes_an_event) {
    exchange_.hold_events = true;
    broadcast("a");
    exchange_.hold_events = false;
    broadcast("b");
    say("nonsense");
    authenticate();
    EXPECT_TRUE(session_->holds_input());
    EXPECT_EQ(said(), Lines{});
    EXPECT_EQ(heard(), Lines{});
    exchange_.answer();
    EXPECT_EQ(heard(), (Lines{"a", "b"}));
    // And what it hears itself, which comes by way of its loop.
    EXPECT_EQ(said(), (Lines{"400", ":authenticated", "a", "b"}));
}

TEST_F(session, an_event_that_cannot_be_kept_is_heard_by_nobody) {
    exchange_.hold_events = true;
    say(R"({"broadcast":{"channel":"room","event":"a","trigger":"lost"}})");
    EXPECT_EQ(said(), Lines{"403"});
    authenticate();
    say(R"({"broadcast":{"channel":"room","event":"a","trigger":"lost"}})");
    broadcast("b");
    exchange_.answer();
    exchange_.answer();
    EXPECT_EQ(heard(), Lines{"b"});
    EXPECT_EQ(said(), (Lines{":authenticated", "503", "b"}));
}

TEST_F(session, an_answer_within_the_call_waits_for_nothing) {
    exchange_.hold_events = exchange_.hold_tokens = exchange_.answers_in_the_call = true;
    authenticate();
    broadcast("a");
    EXPECT_FALSE(session_->is_waiting());
    EXPECT_EQ(said(), Lines{":authenticated"});
    EXPECT_EQ(heard(), Lines{"a"});
}

TEST_F(session, ends_when_an_answer_never_comes) {
    exchange_.hold_tokens = true;
    authenticate();
    EXPECT_FALSE(session_->has_waited_too_long());
    EXPECT_TRUE(session_->has_waited_too_long());
    session_->give_up();
    EXPECT_EQ(said(), Lines{"503"});
    EXPECT_EQ(closed_with_, close_code::try_again_later);
    exchange_.answer();
    EXPECT_EQ(said(), Lines{});
    EXPECT_FALSE(say("nonsense"));
}

TEST_F(session, goes_on_as_long_as_answers_come) {
    exchange_.hold_events = true;
    broadcast("a");
    EXPECT_FALSE(session_->has_waited_too_long());
    broadcast("b");
    exchange_.answer();
    EXPECT_FALSE(session_->has_waited_too_long());
    exchange_.answer();
    broadcast("c");
    EXPECT_FALSE(session_->has_waited_too_long());
}

TEST_F(session, what_it_sent_before_it_ended_is_heard) {
    exchange_.hold_events = true;
    broadcast("a");
    broadcast("b");
    authenticate();
    session_.reset();
    exchange_.answer(1);
    exchange_.answer();
    EXPECT_EQ(heard(), (Lines{"a", "b"}));
    EXPECT_EQ(said(), Lines{});
    EXPECT_TRUE(exchange_.waiting.empty());
}

TEST_F(session, an_answer_to_one_that_has_ended_is_of_no_use) {
    exchange_.hold_tokens = true;
    authenticate();
    session_.reset();
    exchange_.answer();
    EXPECT_EQ(said(), Lines{});
}

TEST_F(session, ends_with_its_vhost_while_it_waits) {
    exchange_.hold_tokens = true;
    authenticate();
    vhost_->close();
    heard();
    EXPECT_EQ(closed_with_, close_code::normal);
    EXPECT_FALSE(session_->is_waiting());
    exchange_.answer();
    EXPECT_EQ(said(), Lines{});
}

TEST_F(session, closes_behind_what_it_sent) {
    exchange_.hold_events = true;
    broadcast("a");
    EXPECT_TRUE(say(R"({"close":{}})"));
    EXPECT_FALSE(closed_with_);
    exchange_.answer();
    EXPECT_EQ(said(), Lines{":closed"});
    EXPECT_EQ(closed_with_, close_code::normal);
}

TEST_F(session, what_follows_its_answers_is_done_behind_them) {
    int done = 0;
    session_->after_answers([&done] { ++done; });
    EXPECT_EQ(done, 1);
    exchange_.hold_events = true;
    broadcast("a");
    session_->after_answers([&done] { ++done; });
    EXPECT_TRUE(session_->holds_input());
    EXPECT_EQ(done, 1);
    exchange_.answer();
    EXPECT_EQ(done, 2);
}

TEST_F(session, takes_no_more_than_so_many_events_that_wait) {
    exchange_.hold_events = true;
    std::size_t count = 0;
    for (; !session_->holds_input() && count < 1000; ++count)
        broadcast("a");
    EXPECT_EQ(count, 256U);
    exchange_.answer();
    EXPECT_FALSE(session_->holds_input());
    EXPECT_EQ(heard(), Lines{"a"});
}

TEST_F(session, takes_no_more_than_so_many_bytes_that_wait) {
    exchange_.hold_events = true;
    const std::string data(30'000, 'x');
    std::size_t count = 0;
    for (; !session_->holds_input() && count < 100; ++count)
        say(fmt::format(R"({{"broadcast":{{"channel":"room","event":"a","data":{{"x":"{}"}}}}}})",
                        data));
    EXPECT_LT(count, 10U);
}

TEST_F(session, tells_of_all_events_of_a_turn_at_once) {
    for (const auto *ref : {"a", "b"})
        say(fmt::format(R"({{"broadcast":{{"channel":"room","event":"e","ref":"{}"}}}})", ref));
    EXPECT_EQ(said(), Lines{});
    EXPECT_EQ(heard(), (Lines{"e", "e"}));
    EXPECT_EQ(said(), (Lines{"e", "e", ":accepted"}));
    heard();
    EXPECT_EQ(said(), Lines{});
}

TEST_F(session, tells_of_an_event_when_it_is_kept) {
    exchange_.hold_events = true;
    say(R"({"broadcast":{"channel":"room","event":"e","ref":"a"}})");
    heard();
    EXPECT_EQ(said(), Lines{});
    exchange_.answer();
    heard();
    EXPECT_EQ(said(), (Lines{"e", ":accepted"}));
}

TEST_F(session, tells_of_what_was_taken_before_it_ends) {
    say(R"({"broadcast":{"channel":"room","event":"e","ref":"a"}})");
    say(R"({"close":{}})");
    EXPECT_EQ(said(), (Lines{":accepted", ":closed"}));
}

} // namespace
