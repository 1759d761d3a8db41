// One connection on a loop of its own: what happens when the peer takes nothing more.
#include "net/connection.h"

#include "client/websocket_connection.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <vector>

namespace {

using namespace webrocket;
using boost::asio::ip::tcp;

class Listening final : public Protocol {
  public:
    explicit Listening(std::string &heard) : heard_(heard) {}
    void on_data(std::string_view bytes) override { heard_ += bytes; }
    void on_end() override {}
    void on_timer() override {}
    void on_shutdown() override {}
    std::string description() const override { return "peer"; }

  private:
    std::string &heard_;
};

class connection : public testing::Test {
  protected:
    connection() {
        tcp::acceptor acceptor(io(), {boost::asio::ip::address_v4::loopback(), 0});
        peer_.connect(acceptor.local_endpoint());
        acceptor.accept(accepted_);
        // Without these the system makes room for as much as it sees fit.
        accepted_.set_option(tcp::socket::send_buffer_size(buffer_size));
        peer_.set_option(tcp::socket::receive_buffer_size(buffer_size));
    }

    static constexpr int buffer_size = 65536;
    static constexpr std::size_t many_turns = 1000;

    boost::asio::io_context &io() { return loops_.first().io(); }

    void begin(std::unique_ptr<TlsSession> tls = nullptr) {
        descriptor_ = accepted_.native_handle();
        connection_.reset(new Connection(loops_, loops_.first(), Port::service,
                                         Socket(accepted_.release()), std::move(tls)));
        connection_->start(std::make_unique<Listening>(heard_));
    }

    // Past the connection, until the peer's and the own system take nothing more.
    void fill_the_way() {
        // What is on its way makes room again where it arrives: until it has, and none is left.
        constexpr int settled_ms = 20;
        do {
            while (push(4096)) {
            }
            ::poll(nullptr, 0, settled_ms);
        } while (push(1));
    }

    bool push(std::size_t count) {
        const std::string bytes(count, 'x');
        return ::send(descriptor_, bytes.data(), count, MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
    }

    void finish_with_much_to_say() {
        begin();
        fill_the_way();
        connection_->send(make_frame(std::string(std::size_t{2} << 20, 'x')));
        connection_->finish();
        connection_.reset();
    }

    bool is_gone() const { return loops_.open_connections(Port::service) == 0; }

    void take_all() {
        std::string bytes(65536, '\0');
        while (::recv(peer_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT) > 0) {
        }
    }

    // For a peer that has taken all.
    bool has_ended() {
        char byte = 0;
        return ::recv(peer_.native_handle(), &byte, 1, MSG_DONTWAIT) == 0;
    }

    // What is ready now, and what that makes ready, if it comes to an end; how many things ran.
    std::size_t run() {
        io().restart();
        std::size_t count = 0;
        while (count < many_turns && io().poll_one() > 0)
            ++count;
        return count;
    }

    // Whether there is something to read, and nothing reads it.
    bool leaves_unread() {
        run();
        if (unread() == 0)
            return false;
        run(); // it may have come a moment ago
        return unread() > 0;
    }

    int unread() const {
        int count = 0;
        ::ioctl(descriptor_, FIONREAD, &count);
        return count;
    }

    static ConnectionTimes impatient() {
        ConnectionTimes times;
        times.final_write = std::chrono::milliseconds(500);
        times.linger = std::chrono::milliseconds(50);
        return times;
    }

    EventLoops loops_{1, impatient()};
    tcp::socket peer_{io()};
    tcp::socket accepted_{io()};
    int descriptor_ = -1;
    std::string heard_;
    ConnectionPtr connection_;
};

TEST_F(connection, a_reader_that_has_caught_up_is_no_slow_consumer) {
    begin();
    connection_->set_pending_limit(100'000);
    fill_the_way();
    connection_->send(make_frame(std::string(90'000, 'x')));
    run(); // finds no room, and waits for it
    take_all();
    // All of one turn: that there is room again has not been reported yet.
    for (int i = 0; i < 20 && !connection_->ending(); ++i) {
        take_all();
        connection_->send(make_frame(std::string(20'000, 'x')));
    }
    EXPECT_FALSE(connection_->ending());
}

TEST_F(connection, a_reader_that_takes_nothing_is_a_slow_consumer) {
    begin();
    connection_->set_pending_limit(100'000);
    fill_the_way();
    connection_->send(make_frame(std::string(100'000, 'x')));
    run();
    EXPECT_FALSE(connection_->ending());
    connection_->send(make_frame("x"));
    EXPECT_TRUE(connection_->ending());
}

TEST_F(connection, answers_to_requests_have_no_limit) {
    begin();
    fill_the_way();
    connection_->send(make_frame(std::string(std::size_t{20} << 20, 'x')));
    run();
    EXPECT_FALSE(connection_->ending());
}

TEST_F(connection, last_words_are_for_whoever_takes_them) {
    finish_with_much_to_say();
    // Some of them now and then, for longer than a peer that takes none is waited for.
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1200);
    std::string some(4096, '\0');
    while (std::chrono::steady_clock::now() < end) {
        ::recv(peer_.native_handle(), some.data(), some.size(), MSG_DONTWAIT);
        io().run_for(std::chrono::milliseconds(10));
        ASSERT_FALSE(is_gone());
    }
    while (!is_gone()) {
        take_all();
        io().run_one_for(std::chrono::milliseconds(10));
    }
    take_all();
    EXPECT_TRUE(has_ended()) << "a reset, instead of an end";
}

TEST_F(connection, last_words_that_nobody_takes) {
    finish_with_much_to_say();
    io().run_for(std::chrono::seconds(10));
    EXPECT_TRUE(is_gone());
}

class encrypted_connection : public connection {
  protected:
    encrypted_connection() : context_(make_files(), TlsRules()) {
        client_context_.reset(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
        SSL_CTX_set_min_proto_version(client_context_.get(), TLS1_3_VERSION);
        client_.reset(SSL_new(client_context_.get()), SSL_free);
        begin(context_.accept(accepted_.native_handle()));
        peer_.non_blocking(true);
        SSL_set_fd(client_.get(), peer_.native_handle());
        while (SSL_connect(client_.get()) != 1)
            run();
    }
    ~encrypted_connection() override { std::filesystem::remove_all(directory_); }

    TlsFiles make_files() {
        std::string name = (std::filesystem::temp_directory_path() / "webrocket-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr)
            throw std::runtime_error("no directory for a certificate");
        directory_ = name;
        TlsFiles files{directory_ / "cert.pem", directory_ / "key.pem"};
        const std::string command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
                                    "-nodes -subj /CN=x -days 2 -keyout " +
                                    files.key.string() + " -out " + files.certificate.string() +
                                    " 2>/dev/null";
        if (std::system(command.c_str()) != 0)
            throw std::runtime_error("no certificate");
        return files;
    }

    std::filesystem::path directory_;
    TlsContext context_;
    std::shared_ptr<SSL_CTX> client_context_;
    std::shared_ptr<SSL> client_;
};

// TLS has something to answer and no room for it: what the peer says is still there to be read, and
// must not have the loop look at it again and again.
TEST_F(encrypted_connection, waits_when_tls_has_no_room_to_answer) {
    run();
    fill_the_way();
    constexpr int many = 10'000; // what is as small as an answer may find a gap for a while
    for (int i = 0; i < many && !leaves_unread(); ++i) {
        ASSERT_EQ(SSL_key_update(client_.get(), SSL_KEY_UPDATE_REQUESTED), 1);
        ASSERT_EQ(SSL_do_handshake(client_.get()), 1);
    }
    ASSERT_TRUE(leaves_unread());
    ASSERT_EQ(SSL_write(client_.get(), "hello", 5), 5);
    EXPECT_LT(run(), 5U);
    EXPECT_EQ(heard_, "");
    take_all();
    while (heard_.empty() && !connection_->ending())
        io().run_one_for(std::chrono::seconds(10));
    EXPECT_EQ(heard_, "hello");
}

// Some of it is with TLS already when the socket has nothing more to read.
TEST_F(encrypted_connection, hears_all_that_comes_at_once) {
    run();
    std::string said;
    for (int i = 0; i < 20; ++i) {
        const std::string record(static_cast<std::size_t>(1 + 100 * i), static_cast<char>('a' + i));
        ASSERT_GT(SSL_write(client_.get(), record.data(), static_cast<int>(record.size())), 0);
        said += record;
    }
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (heard_.size() < said.size() && std::chrono::steady_clock::now() < end)
        run();
    EXPECT_EQ(heard_, said);
}

// What costs a loop more than a moment, or a page.
class Heard final : public Protocol {
  public:
    Heard(std::string &order, char name) : order_(order), name_(name) {}
    bool gives_way() const override { return name_ == 'h'; }
    void on_data(std::string_view) override {
        const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
        while (gives_way() && std::chrono::steady_clock::now() < end) {
        }
        order_ += name_;
    }
    void on_end() override {}
    void on_timer() override {}
    void on_shutdown() override {}
    std::string description() const override { return "peer"; }

  private:
    std::string &order_;
    const char name_;
};

// A page of a vhost: what it says costs a loop as much as a thousand messages.
class Talker final : public Protocol {
  public:
    Talker(EventLoop &loop, std::string &order, char vhost)
        : loop_(loop), order_(order), vhost_(vhost) {}
    const void *tenant() const override { return vhost_ == 'a' ? &loop_ : nullptr; }
    void on_data(std::string_view) override {
        loop_.figures().messages_received.add(1000);
        order_ += vhost_;
    }
    void on_end() override {}
    void on_timer() override {}
    void on_shutdown() override {}
    std::string description() const override { return "page"; }

  private:
    EventLoop &loop_;
    std::string &order_;
    const char vhost_;
};

// However many of one vhost have something to say, one of another is heard after a few of them.
TEST(connections, vhosts_take_turns) {
    EventLoops loops{1};
    auto &io = loops.first().io();
    tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::vector<tcp::socket> peers;
    std::string order;
    const std::string much(8192, 'x');
    const std::string vhosts = std::string(60, 'a') + 'b';
    for (const char vhost : vhosts) {
        auto &peer = peers.emplace_back(io);
        peer.connect(acceptor.local_endpoint());
        const ConnectionPtr connection(new Connection(
            loops, loops.first(), Port::service, Socket(acceptor.accept().release()), nullptr));
        connection->start(std::make_unique<Talker>(loops.first(), order, vhost));
        boost::asio::write(peer, boost::asio::buffer(much));
    }
    while (order.find('b') == std::string::npos && io.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    EXPECT_LE(order.find('b'), 12U) << order;
    // Nobody is forgotten.
    std::uint64_t read = 0;
    while (read < vhosts.size() * much.size() && io.run_one_for(std::chrono::seconds(10)) > 0)
        read = loops.first().figures().bytes_received.value();
    EXPECT_EQ(read, vhosts.size() * much.size());
}

// There are tens of thousands of them, which do nothing most of the time.
TEST(connections, those_of_pages_are_small) {
    EXPECT_LE(sizeof(Connection), 232U);
    EXPECT_LE(sizeof(WebSocketConnection), 296U);
    EXPECT_LE(sizeof(Subscription), 112U);
}

TEST(connections, those_of_http_take_turns_and_pages_come_first) {
    EventLoops loops{1};
    auto &io = loops.first().io();
    tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
    std::vector<tcp::socket> peers;
    std::string order;
    for (const char name : std::string("hhhhhhhhp")) {
        auto &peer = peers.emplace_back(io);
        peer.connect(acceptor.local_endpoint());
        const ConnectionPtr connection(new Connection(
            loops, loops.first(), Port::service, Socket(acceptor.accept().release()), nullptr));
        connection->start(std::make_unique<Heard>(order, name));
        boost::asio::write(peer, boost::asio::buffer(&name, 1));
    }
    while (order.size() < peers.size() && io.run_one_for(std::chrono::seconds(10)) > 0) {
    }
    EXPECT_EQ(order.size(), peers.size());
    EXPECT_LE(order.find('p'), 1U) << order;
}

} // namespace
