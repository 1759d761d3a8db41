// Wherever memory ends: what needed it fails as a whole, and what comes later finds all in order.
#include "client/command.h"
#include "hub/payload.h"
#include "hub/presence.h"
#include "hub/token_book.h"
#include "hub/vhost.h"
#include "net/acceptor.h"
#include "net/admission.h"
#include "net/connection.h"
#include "page.h"
#include "worker/worker_stream.h"

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace {

constexpr long without_limit = -1;
thread_local long allocations_left = without_limit;
thread_local long allocations_made = 0;
thread_local bool has_failed = false;

void *allocate(std::size_t size) {
    if (allocations_left == 0) {
        has_failed = true;
        throw std::bad_alloc();
    }
    if (allocations_left > 0)
        --allocations_left;
    ++allocations_made;
    void *memory = std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr)
        throw std::bad_alloc();
    return memory;
}

} // namespace

void *operator new(std::size_t size) { return allocate(size); }
void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
    try {
        return allocate(size);
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace webrocket;
using boost::asio::ip::tcp;
using boost::asio::local::stream_protocol;

// Whether `call` would have needed more. It may throw for that reason alone.
template <typename Call>
bool lacks_memory(long allocations, const Call &call) {
    has_failed = false;
    allocations_left = allocations;
    try {
        call();
    } catch (const std::bad_alloc &) {
        EXPECT_TRUE(has_failed);
    }
    allocations_left = without_limit;
    return has_failed;
}

std::shared_ptr<Vhost> make_vhost(EventLoops &loops, std::size_t connections_max = 10) {
    VhostLimits limits;
    limits.connections_max = connections_max;
    limits.channels.roster.members_per_uid_max = 1;
    return std::make_shared<Vhost>("/moon", "token", loops, limits);
}

std::unique_ptr<Subscription> member_of(const Channel &channel, Subscriber &subscriber,
                                        const std::string &uid) {
    auto subscription = std::make_unique<Subscription>();
    subscription->subscriber = &subscriber;
    subscription->identity = std::make_shared<const Permission>(Permission{uid, ".*"});
    subscription->member = std::make_unique<Member>(make_member(channel, uid, {}));
    return subscription;
}

TEST(out_of_memory, whoever_joins_is_on_the_channel_or_is_not) {
    const std::string uid = "a user whose name is not kept in place";
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        EventLoops loops(1);
        const auto vhost = make_vhost(loops);
        vhost->channels().open("presence-room");
        const auto channel = vhost->channels().find("presence-room");
        Page listener(loops.first(), "1");
        {
            const auto subscription = member_of(*channel, listener, uid);
            bool is_on = false;
            lacked = lacks_memory(allocations, [&] {
                is_on = channel->join(*subscription).outcome == Joining::joined;
            });
            EXPECT_EQ(channel->subscriber_count(), is_on ? 1U : 0U) << allocations;
            Page other(loops.first(), "2");
            const auto of_same_user = member_of(*channel, other, uid);
            const JoinedChannel joined = channel->join(*of_same_user);
            EXPECT_EQ(joined.outcome, is_on ? Joining::too_many_of_user : Joining::joined);
            if (joined.outcome == Joining::joined) {
                EXPECT_EQ(joined.roster, "[]");
                channel->leave(*of_same_user, Departure::left);
            }
            if (is_on)
                channel->leave(*subscription, Departure::left);
        }
        EXPECT_EQ(channel->subscriber_count(), 0U);
    }
}

TEST(out_of_memory, a_slot_that_nobody_gets_is_free) {
    EventLoops loops(1);
    const auto vhost = make_vhost(loops, 1);
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        ConnectionQuota::Slot slot;
        lacked = lacks_memory(allocations, [&] { slot = vhost->connections().take(); });
        EXPECT_NE(lacked, static_cast<bool>(slot));
        EXPECT_EQ(vhost->connections().taken(), slot ? 1U : 0U);
    }
}

TEST(out_of_memory, a_place_that_nobody_gets_is_free) {
    Admission admission({1, 1, 0});
    const auto address = *ClientAddress::parse("192.0.2.1");
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        Admission::Answer answer{};
        lacked = lacks_memory(allocations, [&] { answer = admission.admit(address); });
        EXPECT_NE(lacked, static_cast<bool>(answer.place));
    }
}

TEST(out_of_memory, tokens_that_are_not_made_take_no_room) {
    TokenBook book({std::chrono::hours(1), 10, 20'000});
    const Permission permission{"alice", std::string(1000, 'x')};
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        std::string token;
        for (int i = 0; i < 50; ++i) {
            lacked = lacks_memory(allocations, [&] { token = book.issue(permission); });
            EXPECT_TRUE(lacked || book.spend(token));
        }
    }
    const auto first = book.issue(permission);
    book.issue(permission);
    EXPECT_TRUE(book.spend(first));
}

class Silent final : public Protocol {
  public:
    void on_data(std::string_view) override {}
    void on_end() override {}
    void on_timer() override {}
    void on_shutdown() override {}
    std::string description() const override { return "a peer with a name of some length"; }
};

class Pair {
  public:
    explicit Pair(EventLoops &loops) : peer_(loops.first().io()) {
        stream_protocol::socket ours(loops.first().io());
        boost::asio::local::connect_pair(ours, peer_);
        connection_.reset(
            new Connection(loops, loops.first(), Port::service, Socket(ours.release()), nullptr));
        connection_->start(std::make_unique<Silent>());
    }
    ~Pair() { connection_->abort(); }
    Pair(const Pair &) = delete;
    Pair &operator=(const Pair &) = delete;

    Connection &connection() { return *connection_; }
    // What has come: nothing yet, an end, or something.
    ssize_t hears() {
        std::array<char, 100> bytes{};
        return ::recv(peer_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    }

    void say(const std::string &text) {
        ::send(peer_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL);
    }

  private:
    stream_protocol::socket peer_;
    ConnectionPtr connection_;
};

void run(EventLoops &loops) {
    loops.first().io().restart();
    loops.first().io().poll();
}

TEST(out_of_memory, what_is_sent_arrives_or_the_connection_ends) {
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        EventLoops loops(1);
        {
            Pair poor(loops);
            Pair other(loops);
            const Frame frame = make_frame("hello");
            bool has_thrown = true;
            lacked = lacks_memory(allocations, [&] {
                poor.connection().send(frame);
                has_thrown = false;
            });
            EXPECT_FALSE(has_thrown) << allocations;
            // There is something else to do for the loop.
            other.connection().send(frame);
            run(loops);
            EXPECT_GE(poor.hears(), 0) << allocations;
            EXPECT_GT(other.hears(), 0) << allocations;
        }
        run(loops);
        EXPECT_EQ(loops.open_connections(Port::service), 0U) << allocations;
    }
}

TEST(out_of_memory, the_loop_goes_on) {
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        EventLoops loops(1);
        {
            Pair first(loops);
            Pair second(loops);
            for (Pair *each : {&first, &second})
                each->say("hello");
            lacked = lacks_memory(allocations, [&] { run(loops); });
            second.say("hello");
            second.connection().send(make_frame("hello"));
            run(loops);
            EXPECT_GE(second.hears(), 0) << allocations;
        }
        run(loops);
        EXPECT_EQ(loops.open_connections(Port::service), 0U) << allocations;
    }
}

TEST(out_of_memory, no_worker_is_left_that_was_not_made) {
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        EventLoops loops(1);
        {
            const auto vhost = make_vhost(loops);
            Pair pair(loops);
            std::unique_ptr<WorkerStream> stream;
            lacked = lacks_memory(allocations, [&] {
                stream = std::make_unique<WorkerStream>(
                    pair.connection(), vhost,
                    WorkerStream::Request{"a-worker-of-some-length", "", "", nullptr, true},
                    WorkerStreamRules());
            });
            EXPECT_EQ(vhost->workers().list().size(), stream ? 1U : 0U) << allocations;
        }
        run(loops);
    }
}

// One for the record's bytes, one for its count; what else it takes is shared by those that come
// together.
TEST(allocations, of_an_event_on_its_way_from_a_page_to_a_worker) {
    constexpr std::string_view message =
        R"({"trigger":{"event":"orders/of a name of some length","data":{"text":")"
        R"(a text that is longer than what a string keeps in place","n":[1,2,{"a":{}}]}}})";
    constexpr long events = 32;
    EventLoops loops(1);
    EventLoop &loop = loops.first();
    const auto vhost = make_vhost(loops);
    const std::string sid = "45c74051-0b53-4f4c-9ef8-c2f8ab5e2a7d";
    const std::string uid = "a user whose name is not kept in place";
    Pair pair(loops);
    const WorkerStream stream(
        pair.connection(), vhost,
        WorkerStream::Request{"w", "", "orders/.*", Pattern::compile("orders/.*"), true},
        WorkerStreamRules());
    const auto send_all = [&] {
        auto &command = loop.local<Command>();
        for (long i = 0; i < events; ++i) {
            parse_command(message, json_depth_max, command);
            vhost->workers().dispatch_of_page(loop, PageEvent::trigger, command.event, [&] {
                return event_record(command.event, command.data_members, {}, {sid, &uid});
            });
        }
        run(loops);
    };
    send_all();
    const long before = allocations_made;
    send_all();
    EXPECT_LE(allocations_made - before, 3 * events);
    EXPECT_EQ(vhost->workers().unheard(), 0U);
}

TEST(out_of_memory, the_next_one_is_accepted) {
    bool lacked = true;
    for (long allocations = 0; lacked; ++allocations) {
        EventLoops loops(1);
        std::size_t welcomed = 0;
        Acceptor<tcp> acceptor(loops, "127.0.0.1",
                               [&](EventLoop &, const Socket &) { ++welcomed; });
        acceptor.socket().open(tcp::v4());
        acceptor.socket().bind({boost::asio::ip::address_v4::loopback(), 0});
        acceptor.socket().listen();
        acceptor.start();
        const auto endpoint = acceptor.socket().local_endpoint();
        tcp::socket first(loops.first().io());
        first.connect(endpoint);
        lacked = lacks_memory(allocations, [&] { run(loops); });
        EXPECT_TRUE(lacked || welcomed == 1);
        tcp::socket second(loops.first().io());
        second.connect(endpoint);
        const std::size_t before = welcomed;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (welcomed == before && std::chrono::steady_clock::now() < end) {
            loops.first().io().restart();
            loops.first().io().run_one_for(std::chrono::milliseconds(100));
        }
        EXPECT_GT(welcomed, before) << allocations;
        acceptor.stop();
        run(loops);
    }
}

} // namespace
