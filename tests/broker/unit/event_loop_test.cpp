// The end of a loop's turn: what its mailbox has is handed out, and then written.
#include "net/connection.h"
#include "net/event_loops.h"

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstddef>
#include <functional>
#include <gtest/gtest.h>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace webrocket;
using boost::asio::local::stream_protocol;
using Texts = std::vector<std::string>;

// Takes down when what it has to say is written.
class Speaker final : public Protocol {
  public:
    Speaker(std::string name, Texts &written) : name_(std::move(name)), written_(written) {}
    void on_data(std::string_view) override {}
    void on_end() override {}
    void on_timer() override {}
    void on_drained() override { written_.push_back(name_); }
    void on_shutdown() override {}
    std::string description() const override { return name_; }

  private:
    const std::string name_;
    Texts &written_;
};

class Recipient final : public Addressee {
  public:
    explicit Recipient(std::function<void(std::span<const Letter>)> receive)
        : receive_(std::move(receive)) {}
    void receive(std::span<const Letter> letters, EventLoop &) override { receive_(letters); }

  private:
    const std::function<void(std::span<const Letter>)> receive_;
};

class event_loop : public testing::Test {
  protected:
    ~event_loop() override {
        for (const auto &connection : connections_)
            connection->abort();
        turn();
    }

    Connection &add(const std::string &name) {
        stream_protocol::socket ours(loop_.io());
        auto &peer = *peers_.emplace_back(std::make_unique<stream_protocol::socket>(loop_.io()));
        boost::asio::local::connect_pair(ours, peer);
        ours.native_non_blocking(true);
        const ConnectionPtr connection(
            new Connection(loops_, loop_, Port::service, Socket(ours.release()), nullptr));
        connection->start(std::make_unique<Speaker>(name, written_));
        return *connections_.emplace_back(connection);
    }

    static std::shared_ptr<Addressee>
    recipient(std::function<void(std::span<const Letter>)> receive) {
        return std::make_shared<Recipient>(std::move(receive));
    }

    void turn() {
        loop_.io().restart();
        loop_.io().poll();
    }

    EventLoops loops_{1};
    EventLoop &loop_ = loops_.first();
    Texts written_;

  private:
    std::vector<std::unique_ptr<stream_protocol::socket>> peers_;
    std::vector<ConnectionPtr> connections_;
};

// As a broadcast sends them, one here and one there.
TEST_F(event_loop, letters_of_a_lane_come_together) {
    Texts received;
    const auto taking_down = [&](const std::string &name) {
        return recipient([&received, name](std::span<const Letter> letters) {
            received.push_back(name + " " + std::to_string(letters.front().number) + "-" +
                               std::to_string(letters.back().number));
        });
    };
    const auto channel = taking_down("channel");
    const auto other_channel = taking_down("other channel");
    const auto stream = taking_down("stream");
    for (std::uint64_t number = 1; number <= 3; ++number) {
        loop_.send({stream, nullptr, number}, Lane::streams);
        loop_.send({channel, nullptr, number});
    }
    loop_.send({other_channel, nullptr, 4});
    loop_.send({channel, nullptr, 5});
    turn();
    EXPECT_EQ(received, (Texts{"channel 1-3", "other channel 4-4", "channel 5-5", "stream 1-3"}));
}

TEST_F(event_loop, few_listeners_are_written_to_before_those_with_answers) {
    Connection &asker = add("asker");
    Connection &listener = add("listener");
    asker.send(make_frame("answer"));
    loop_.send({recipient([&](auto) { listener.send(make_frame("news")); }), nullptr, 1});
    turn();
    EXPECT_EQ(written_, (Texts{"listener", "asker"}));
}

TEST_F(event_loop, nobody_waits_for_many_listeners) {
    constexpr std::size_t many = 65;
    Connection &asker = add("asker");
    std::vector<Connection *> listeners;
    for (std::size_t i = 0; i < many; ++i)
        listeners.push_back(&add("listener"));
    asker.send(make_frame("answer"));
    loop_.send({recipient([&](auto) {
                    for (Connection *listener : listeners)
                        listener->send(make_frame("news"));
                }),
                nullptr, 1});
    turn();
    ASSERT_EQ(written_.size(), many + 1);
    EXPECT_EQ(written_.front(), "asker");
}

} // namespace
