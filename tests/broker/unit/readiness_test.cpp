// A loop is told of changes alone: whatever comes, and whenever, must not wait for the next change.
#include "net/connection.h"

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace {

using namespace webrocket;
using boost::asio::ip::tcp;

// What a peer said. `then` runs in the call in which it is heard.
struct Heard {
    std::string bytes;
    bool ended = false;
    std::function<void()> then = [] {};
};

class Listening final : public Protocol {
  public:
    explicit Listening(Heard &heard) : heard_(heard) {}
    void on_data(std::string_view bytes) override {
        heard_.bytes += bytes;
        heard_.then();
    }
    void on_end() override { heard_.ended = true; }
    void on_timer() override {}
    void on_shutdown() override {}
    std::string description() const override { return "peer"; }

  private:
    Heard &heard_;
};

class Peer {
  public:
    explicit Peer(EventLoops &loops) : socket_(loops.first().io()) {
        tcp::acceptor acceptor(loops.first().io(), {boost::asio::ip::address_v4::loopback(), 0});
        socket_.connect(acceptor.local_endpoint());
        const ConnectionPtr connection(new Connection(
            loops, loops.first(), Port::service, Socket(acceptor.accept().release()), nullptr));
        connection->start(std::make_unique<Listening>(heard_));
        connection_ = connection.get();
    }

    void say(std::string_view text, int flags = 0) {
        ::send(socket_.native_handle(), text.data(), text.size(), flags | MSG_NOSIGNAL);
    }
    void say_no_more() { ::shutdown(socket_.native_handle(), SHUT_WR); }
    // How much of what it was sent has arrived, which is taken.
    std::size_t take() {
        std::string bytes(65536, '\0');
        std::size_t count = 0;
        ssize_t got = 0;
        while ((got = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT)) >
               0)
            count += static_cast<std::size_t>(got);
        return count;
    }

    Connection &connection() { return *connection_; }
    Heard &heard() { return heard_; }
    const std::string &bytes() const { return heard_.bytes; }

  private:
    Heard heard_;
    tcp::socket socket_;
    Connection *connection_ = nullptr; // as long as it is open
};

class readiness : public testing::Test {
  protected:
    // Whatever is ready now, and what that makes ready.
    void run() {
        loops_.first().io().restart();
        loops_.first().io().poll();
    }
    template <typename Condition>
    void run_until(const Condition &condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition() && std::chrono::steady_clock::now() < end) {
            loops_.first().io().restart();
            loops_.first().io().run_one_for(std::chrono::milliseconds(10));
        }
        EXPECT_TRUE(condition());
    }

    Peer &add() { return *peers_.emplace_back(std::make_unique<Peer>(loops_)); }

    EventLoops loops_{1};
    std::vector<std::unique_ptr<Peer>> peers_;
    Peer &peer_ = add();
};

TEST_F(readiness, what_comes_before_the_loop_looks) {
    peer_.say("one");
    run_until([this] { return peer_.bytes() == "one"; });
    peer_.say("two");
    peer_.say("three");
    run_until([this] { return peer_.bytes() == "onetwothree"; });
}

// When it has been read what there was, and before it is waited for again.
TEST_F(readiness, what_comes_while_the_last_is_heard) {
    int more = 100;
    peer_.heard().then = [&] {
        if (more-- > 0)
            peer_.say("x");
    };
    peer_.say("x");
    run_until([this] { return peer_.bytes().size() == 101; });
}

TEST_F(readiness, an_end_right_behind_the_last) {
    peer_.say("last");
    peer_.say_no_more();
    run_until([this] { return peer_.heard().ended; });
    EXPECT_EQ(peer_.bytes(), "last");
}

TEST_F(readiness, an_end_while_the_last_is_heard) {
    peer_.heard().then = [this] { peer_.say_no_more(); };
    peer_.say("last");
    run_until([this] { return peer_.heard().ended; });
    EXPECT_EQ(peer_.bytes(), "last");
}

TEST_F(readiness, an_answer_goes_out_before_the_end_is_looked_at) {
    peer_.heard().then = [this] {
        peer_.connection().send(make_frame("answer"));
        peer_.connection().finish();
    };
    peer_.say("question");
    peer_.say_no_more();
    run_until([this] { return loops_.open_connections(Port::service) == 0; });
    EXPECT_EQ(peer_.take(), 6U);
}

TEST_F(readiness, more_than_one_read_takes) {
    const std::string much(5 * EventLoop::read_buffer_size + 1, 'x');
    std::string_view rest = much;
    const auto say_some = [&] {
        const auto some = rest.substr(0, 3 * EventLoop::read_buffer_size / 2);
        rest.remove_prefix(some.size());
        if (!some.empty())
            peer_.say(some);
    };
    peer_.heard().then = say_some;
    say_some();
    run_until([&] { return peer_.bytes().size() == much.size(); });
}

// Which a read stops in front of.
TEST_F(readiness, what_is_behind_urgent_data) {
    peer_.say("one");
    peer_.say("!", MSG_OOB);
    peer_.say("two");
    run_until([this] { return peer_.bytes().ends_with("two"); });
    EXPECT_TRUE(peer_.bytes().starts_with("one"));
}

TEST_F(readiness, what_comes_while_nothing_is_read) {
    peer_.connection().pause_reading();
    peer_.say("one");
    run();
    peer_.say("two");
    peer_.say_no_more();
    run();
    EXPECT_EQ(peer_.bytes(), "");
    peer_.connection().resume_reading();
    run_until([this] { return peer_.heard().ended; });
    EXPECT_EQ(peer_.bytes(), "onetwo");
}

TEST_F(readiness, what_has_come_when_reading_goes_on) {
    peer_.heard().then = [this] { peer_.connection().pause_reading(); };
    peer_.say("one");
    run_until([this] { return peer_.bytes() == "one"; });
    peer_.say("two");
    peer_.connection().resume_reading();
    run_until([this] { return peer_.bytes() == "onetwo"; });
}

TEST_F(readiness, a_peer_that_takes_all_it_is_sent) {
    constexpr std::size_t much = std::size_t{20} << 20;
    peer_.connection().send(make_frame(std::string(much, 'x')));
    std::size_t taken = 0;
    run_until([&] { return (taken += peer_.take()) == much; });
    EXPECT_EQ(peer_.connection().pending_bytes(), 0U);
}

// Each way has its own changes, and is told of those of the other one.
TEST_F(readiness, both_ways_at_once) {
    constexpr std::size_t much = std::size_t{5} << 20;
    peer_.connection().send(make_frame(std::string(much, 'x')));
    run();
    peer_.say("one");
    run_until([this] { return peer_.bytes() == "one"; });
    std::size_t taken = 0;
    run_until([&] {
        if (const std::size_t now = peer_.take(); now > 0) {
            taken += now;
            peer_.say("y");
        }
        return taken == much;
    });
    peer_.say("!");
    run_until([this] { return peer_.bytes().ends_with("!"); });
}

TEST_F(readiness, more_than_are_told_of_at_once) {
    while (peers_.size() <= 2 * ReadySet::changes_max)
        add();
    for (const auto &peer : peers_)
        peer->say("hello");
    for (const auto &peer : peers_)
        run_until([&] { return peer->bytes() == "hello"; });
}

TEST_F(readiness, one_that_ends_others_which_have_something_to_say) {
    while (peers_.size() < 10)
        add();
    for (const auto &peer : peers_)
        peer->heard().then = [this, this_one = peer.get()] {
            for (const auto &other : peers_) {
                if (other.get() != this_one)
                    other->connection().abort();
            }
        };
    for (const auto &peer : peers_)
        peer->say("hello");
    run_until([this] { return loops_.open_connections(Port::service) == 1; });
}

// A connection that the loop has looked at is waited for, and not looked at again and again.
TEST_F(readiness, nothing_is_done_for_those_who_are_silent) {
    peer_.say("one");
    run_until([this] { return peer_.bytes() == "one"; });
    run();
    loops_.first().io().restart();
    EXPECT_EQ(loops_.first().io().poll(), 0U);
}

} // namespace
