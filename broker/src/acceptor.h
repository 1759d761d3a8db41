// Accepts what connects to a listening socket, and spreads it over the loops.
#pragma once

#include "event_loops.h"
#include "without_exceptions.h"

#include <boost/asio/error.hpp>
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

    void start() { accept(); }
    void stop() {
        boost::system::error_code ignored;
        socket_.close(ignored);
        pause_.cancel();
    }

  private:
    void accept() {
        EventLoop &loop = loops_.next();
        socket_.async_accept(
            loop.io(), [this, &loop](const boost::system::error_code &error, Socket accepted) {
                if (error == boost::asio::error::operation_aborted || !socket_.is_open())
                    return;
                // The peer gave up while it waited; the next one may not have.
                if (error && error != boost::asio::error::connection_aborted) {
                    pause_after(error);
                    return;
                }
                if (!error) {
                    failing_ = false;
                    without_exceptions([&] { welcome_(loop, std::move(accepted)); });
                }
                accept();
            });
    }

    // Out of descriptors, mostly: whoever waits stays in the backlog until some are free again.
    void pause_after(const boost::system::error_code &error) {
        if (!failing_)
            spdlog::warn("cannot accept connections on {}: {}", name_, error.message());
        failing_ = true;
        pause_.expires_after(std::chrono::milliseconds(100));
        pause_.async_wait([this](const boost::system::error_code &cancelled) {
            if (!cancelled && socket_.is_open())
                accept();
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
