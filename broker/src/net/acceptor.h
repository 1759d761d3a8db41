// Accepts what connects to a listening socket, and spreads it over the loops.
#pragma once

#include "base/without_exceptions.h"
#include "net/event_loops.h"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <functional>
#include <spdlog/spdlog.h>
#include <string>
#include <utility>

namespace webrocket {

// `Protocol` is one of Asio's for streams.
template <typename Protocol>
class Acceptor {
  public:
    using Socket = typename Protocol::socket;
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
        // Or it would be waited for the next one, here.
        socket_.set_option(boost::asio::socket_base::enable_connection_aborted(true));
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

    // Not by async_accept(), which makes the socket before it calls anybody: without memory it
    // throws where nobody could accept the next one.
    void accept() {
        EventLoop &loop = loops_.next();
        Socket accepted(loop.io());
        boost::system::error_code error;
        without_exceptions([&] { socket_.accept(accepted, error); });
        // The peer gave up while it waited; the next one may not have.
        if (error && error != boost::asio::error::connection_aborted &&
            error != boost::asio::error::would_block) {
            pause_after(error);
            return;
        }
        // At once, in the memory of the wait that is over.
        wait();
        if (accepted.is_open()) {
            failing_ = false;
            without_exceptions([&] { welcome_(loop, std::move(accepted)); });
        }
    }

    // Out of descriptors, mostly: whoever waits stays in the backlog until some are free again.
    void pause_after(const boost::system::error_code &error) {
        if (!failing_)
            spdlog::warn("cannot accept connections on {}: {}", name_, error.message());
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
