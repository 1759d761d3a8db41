// Accepts what connects to a listening socket, and spreads it over the loops.
#pragma once

#include "base/without_exceptions.h"
#include "net/event_loops.h"
#include "net/socket.h"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <cerrno>
#include <chrono>
#include <functional>
#include <spdlog/spdlog.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <utility>

namespace webrocket {

// `Protocol` is one of Asio's for streams.
template <typename Protocol>
class Acceptor {
  public:
    // On the first loop's thread; what it throws costs that connection.
    using Welcome = std::function<void(EventLoop &, Socket)>;

    // `name` is for the log.
    Acceptor(EventLoops &loops, std::string name, Welcome welcome)
        : loops_(loops), name_(std::move(name)), welcome_(std::move(welcome)),
          socket_(loops.first().io()), pause_(loops.first().io()) {}

    typename Protocol::acceptor &socket() { return socket_; }
    const typename Protocol::acceptor &socket() const { return socket_; }

    void start() {
        socket_.non_blocking(true);
        wait();
    }
    void stop() {
        boost::system::error_code ignored;
        socket_.close(ignored);
        pause_.cancel();
    }

  private:
    void wait() {
        socket_.async_wait(
            boost::asio::socket_base::wait_read, [this](const boost::system::error_code &error) {
                if (error != boost::asio::error::operation_aborted && socket_.is_open())
                    accept();
            });
    }

    // Not by Asio, whose loops are to wait for their sockets in a way of their own.
    void accept() {
        Socket accepted(::accept4(socket_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
        const int error = accepted ? 0 : errno;
        // The peer gave up while it waited; the next one may not have.
        if (error != 0 && error != ECONNABORTED && error != EAGAIN && error != EINTR) {
            pause_after(error);
            return;
        }
        // At once, in the memory of the wait that is over.
        wait();
        if (accepted) {
            failing_ = false;
            without_exceptions([&] { welcome_(loops_.next(), std::move(accepted)); });
        }
    }

    // Out of descriptors, mostly: whoever waits stays in the backlog until some are free again.
    void pause_after(int error) {
        if (!failing_)
            spdlog::warn("cannot accept connections on {}: {}", name_,
                         std::generic_category().message(error));
        failing_ = true;
        pause_.expires_after(std::chrono::milliseconds(100));
        pause_.async_wait([this](const boost::system::error_code &cancelled) {
            if (!cancelled && socket_.is_open())
                wait();
        });
    }

    EventLoops &loops_;
    const std::string name_;
    const Welcome welcome_;
    typename Protocol::acceptor socket_;
    boost::asio::steady_timer pause_;
    bool failing_ = false;
};

} // namespace webrocket
