// Which connections at rest are used again.
#include "http/open_sockets.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

struct DeafObserver final : kn::SocketObserver {
    void opened(int) noexcept override {}
    void closing(int) noexcept override {}
};

/// It needs no connection to have a port.
class LocalSocket {
  public:
    LocalSocket() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto *const any = reinterpret_cast<sockaddr *>(&address);
        EXPECT_EQ(bind(number_, any, size), 0);
        EXPECT_EQ(getsockname(number_, any, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~LocalSocket() { close(number_); }
    LocalSocket(const LocalSocket &) = delete;
    LocalSocket &operator=(const LocalSocket &) = delete;
    int number() const noexcept { return number_; }
    int port() const noexcept { return port_; }

  private:
    const int number_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
};

TEST(open_sockets, trust_is_not_given_back) {
    using Clock = kn::OpenSockets::Clock;
    DeafObserver observer;
    kn::OpenSockets sockets(observer, false);
    const LocalSocket one;
    const int transfer = 0;
    const Clock::time_point before = Clock::now();
    sockets.opened(one.number(), &transfer);
    sockets.connected(&transfer, one.port());
    sockets.answered(one.port());
    EXPECT_TRUE(sockets.is_usable(one.port()));
    sockets.distrust_those_before(Clock::now() + std::chrono::seconds(1));
    EXPECT_FALSE(sockets.is_usable(one.port()));
    // A transfer that began earlier may come to its end later.
    sockets.distrust_those_before(before);
    EXPECT_FALSE(sockets.is_usable(one.port()));
}

} // namespace
