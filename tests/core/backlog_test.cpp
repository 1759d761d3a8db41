// A server that is faster than whoever takes the events: what the worker reads ahead stays small,
// and nothing is lost or forgotten where it stops reading.
#include "worker/worker.h"

#include <atomic>
#include <charconv>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;

constexpr std::size_t event_count = 64 * 1024;
constexpr std::size_t whole_stream = 64 * 1024 * 1024; // and a little more

/// Sends one worker a stream of numbered events, as fast as the socket takes it.
class FastServer {
  public:
    FastServer() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr *>(&address), size), 0);
        EXPECT_EQ(listen(listener_, 1), 0);
        EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr *>(&address), &size), 0);
        url_ = "http://wr:token@127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/test";
        thread_ = std::thread([this] { serve(); });
    }
    ~FastServer() {
        shutdown(listener_, SHUT_RDWR);
        if (const int peer = peer_.load(); peer >= 0)
            shutdown(peer, SHUT_RDWR);
        thread_.join();
        close(listener_);
        close(peer_.load());
    }
    FastServer(const FastServer &) = delete;
    FastServer &operator=(const FastServer &) = delete;

    const std::string &url() const noexcept { return url_; }
    std::size_t bytes_sent() const noexcept { return sent_.load(); }

  private:
    bool send_all(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = send(peer_.load(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0)
                return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
            sent_ += static_cast<std::size_t>(n);
        }
        return true;
    }

    void serve() {
        peer_ = accept(listener_, nullptr, nullptr);
        std::string request;
        char buffer[4096];
        while (request.find("\r\n\r\n") == std::string::npos) {
            const ssize_t n = recv(peer_.load(), buffer, sizeof buffer, 0);
            if (n <= 0)
                return;
            request.append(buffer, static_cast<std::size_t>(n));
        }
        if (!send_all("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"))
            return;
        const std::string padding(whole_stream / event_count, 'x');
        for (std::size_t i = 0; i < event_count; ++i)
            if (!send_all("event: a/b\ndata: " + std::to_string(i) + " " + padding + "\n\n"))
                return;
    }

    int listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::atomic<int> peer_{-1};
    std::atomic<std::size_t> sent_{0};
    std::string url_;
    std::thread thread_;
};

std::size_t number_of(const kn_event &event) {
    std::size_t number = event_count;
    std::from_chars(event.data(), event.data() + event.data_size(), number);
    return number;
}

TEST(backlog, stays_small) {
    FastServer server;
    kn::Worker worker(server.url(), kn::Settings{});
    kn::EventPtr event;
    for (std::size_t i = 0; i < event_count; ++i) {
        ASSERT_EQ(worker.next(30s, event), KN_OK);
        ASSERT_EQ(number_of(*event), i);
        if (i == 0) { // the kernel's buffers on both sides hold some megabytes
            ASSERT_LT(server.bytes_sent(), whole_stream / 2);
        }
    }
    EXPECT_EQ(worker.next(0ms, event), KN_AGAIN);
}

TEST(backlog, keeps_the_descriptor_readable) {
    struct Expected {
        std::size_t next = 0;
        bool in_order = true;
        static void take(kn_event *event, void *self) {
            auto &me = *static_cast<Expected *>(self);
            me.in_order = me.in_order && number_of(*event) == me.next;
            ++me.next;
        }
    } events;
    FastServer server;
    kn::Worker worker(server.url(), kn::Settings{});
    worker.on("a/b", kn::make_callback<kn_handler>(&Expected::take, {&events, nullptr}));
    while (events.next < event_count) {
        pollfd descriptor{worker.fd(), POLLIN, 0};
        ASSERT_EQ(poll(&descriptor, 1, 30'000), 1) << "after " << events.next << " events";
        const kn_status status = worker.dispatch();
        ASSERT_TRUE(status == KN_OK || status == KN_AGAIN) << status;
    }
    EXPECT_TRUE(events.in_order);
}

} // namespace
