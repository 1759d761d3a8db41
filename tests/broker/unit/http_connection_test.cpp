// The HTTP side of a connection whose peer does not read.
#include "http/http_connection.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <string>

namespace {

using namespace webrocket;
using boost::asio::ip::tcp;

class Generous final : public HttpHandler {
  public:
    HeadVerdict judge_head(const HttpRequest &) override { return {}; }
    HttpReply handle(const HttpRequest &) override {
        ++asked;
        HttpReply reply;
        reply.response.body.assign(body_size, 'x');
        return reply;
    }
    HttpResponse refuse(int status) override {
        HttpResponse response;
        response.status = status;
        return response;
    }

    int asked = 0;
    std::size_t body_size = std::size_t{20} << 20;
};

class http_connection : public testing::Test {
  protected:
    static HttpRules impatient() {
        HttpRules rules;
        rules.times.unread_answer = std::chrono::seconds(1);
        rules.times.request = std::chrono::milliseconds(600);
        return rules;
    }

    // A client that asks. What is returned expires when its connection ends.
    std::weak_ptr<const void> connect(tcp::socket &peer) {
        tcp::acceptor acceptor(io(), {boost::asio::ip::address_v4::loopback(), 0});
        peer.connect(acceptor.local_endpoint());
        tcp::socket accepted(io());
        acceptor.accept(accepted);
        accepted.set_option(tcp::socket::send_buffer_size(65536));
        const ConnectionPtr connection(new Connection(loops_, loops_.first(), Port::service,
                                                      Socket(accepted.release()), nullptr));
        const auto life = std::make_shared<std::shared_ptr<UnreadByteBudget>>(unread_);
        connection->start(std::make_unique<HttpConnection>(
            *connection, handler_, rules_, std::shared_ptr<UnreadByteBudget>(life, unread_.get())));
        boost::asio::write(peer, boost::asio::buffer(request));
        return life;
    }

    boost::asio::io_context &io() { return loops_.first().io(); }
    template <typename Condition>
    void run_until(const Condition &condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition() && std::chrono::steady_clock::now() < end) {
            io().restart(); // it may have had nothing left to do
            io().run_one_for(std::chrono::seconds(1));
        }
        EXPECT_TRUE(condition());
    }
    void run_for(int ms) { io().run_for(std::chrono::milliseconds(ms)); }
    std::uint64_t refused() {
        return loops_.refusals().total(Port::service, RefusalReason::unread_answer);
    }

    static constexpr std::string_view request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    EventLoops loops_{1};
    Generous handler_;
    HttpRules rules_ = impatient();
    std::shared_ptr<UnreadByteBudget> unread_ =
        std::make_shared<UnreadByteBudget>(std::size_t{50} << 20);
    tcp::socket peer_{io()};
};

TEST_F(http_connection, an_answer_that_nobody_reads_does_not_wait_for_ever) {
    const auto connection = connect(peer_);
    while (!connection.expired() && io().run_one_for(std::chrono::seconds(10)) > 0) {
    }
    EXPECT_TRUE(connection.expired());
    EXPECT_EQ(refused(), 1U);
}

TEST_F(http_connection, a_byte_now_and_then_does_not_put_it_off) {
    const auto connection = connect(peer_);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    char byte = 0;
    while (!connection.expired() && std::chrono::steady_clock::now() < end) {
        ::recv(peer_.native_handle(), &byte, 1, MSG_DONTWAIT);
        run_for(10);
    }
    EXPECT_TRUE(connection.expired());
    EXPECT_EQ(refused(), 1U);
}

TEST_F(http_connection, whoever_reads_has_the_time_it_takes) {
    const auto connection = connect(peer_);
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2500);
    std::string some(65536, '\0');
    while (std::chrono::steady_clock::now() < end) {
        ::recv(peer_.native_handle(), some.data(), some.size(), MSG_DONTWAIT);
        run_for(20);
        ASSERT_FALSE(connection.expired());
    }
    EXPECT_EQ(refused(), 0U);
}

TEST_F(http_connection, so_much_waits_for_all_of_them) {
    tcp::socket second(io());
    tcp::socket third(io());
    const auto patient = connect(peer_);
    const auto other = connect(second);
    run_until([this] { return handler_.asked == 2; });
    const auto refused_one = connect(third);
    run_until([&] { return refused_one.expired(); });
    EXPECT_GE(refused(), 1U);
    // Those that are gone wait for nothing any more.
    run_until([&] { return patient.expired() && other.expired(); });
    EXPECT_TRUE(unread_->take(std::size_t{50} << 20));
    // What the kernel takes at once has room all the same.
    handler_.body_size = 20'000;
    tcp::socket fourth(io());
    const auto modest = connect(fourth);
    run_until([this] { return handler_.asked == 4; });
    char byte = 0;
    run_until([&] { return ::recv(fourth.native_handle(), &byte, 1, MSG_DONTWAIT) == 1; });
}

TEST_F(http_connection, whoever_has_been_given_much_lets_others_have_their_turn) {
    handler_.body_size = 20'000;
    connect(peer_);
    run_until([this] { return handler_.asked == 1; });
    std::string pipelined;
    for (int i = 0; i < 6; ++i)
        pipelined += request;
    boost::asio::write(peer_, boost::asio::buffer(pipelined));
    run_until([this] { return handler_.asked > 1; });
    EXPECT_EQ(handler_.asked, 3);
    run_until([this] { return handler_.asked == 7; });
    EXPECT_EQ(refused(), 0U);
}

} // namespace
