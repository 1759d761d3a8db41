// Accepts the connections of one port.
#pragma once

#include "event_loop.h"
#include "http_parser.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <string>

namespace webrocket {

class Listener {
  public:
    // Throws boost::system::system_error when the address cannot be had.
    Listener(EventLoop &loop, const boost::asio::ip::tcp::endpoint &endpoint, HttpHandler &handler,
             const HttpLimits &limits);

    boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    void start() { accept(); }
    void stop();

  private:
    void accept();
    void pause_after(const boost::system::error_code &error);

    EventLoop &loop_;
    boost::asio::ip::tcp::acceptor acceptor_;
    boost::asio::steady_timer pause_;
    HttpHandler &handler_;
    HttpLimits limits_;
    bool failing_ = false;
};

} // namespace webrocket
