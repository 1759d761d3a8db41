#include "listener.h"

#include "connection.h"
#include "http_connection.h"

#include <spdlog/spdlog.h>

namespace webrocket {
using boost::system::error_code;

Listener::Listener(EventLoop &loop, const boost::asio::ip::tcp::endpoint &endpoint,
                   HttpHandler &handler, const HttpLimits &limits)
    : loop_(loop), acceptor_(loop.io()), pause_(loop.io()), handler_(handler), limits_(limits) {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(4096);
}

void Listener::accept() {
    acceptor_.async_accept([this](const error_code &error, boost::asio::ip::tcp::socket socket) {
        if (error == boost::asio::error::operation_aborted || !acceptor_.is_open())
            return;
        // The peer gave up while it waited; the next one may not have.
        if (error && error != boost::asio::error::connection_aborted) {
            pause_after(error);
            return;
        }
        if (!error) {
            failing_ = false;
            auto connection = std::make_shared<Connection>(loop_, std::move(socket));
            connection->start(std::make_unique<HttpConnection>(*connection, handler_, limits_));
        }
        accept();
    });
}

// Out of descriptors, mostly: whoever waits stays in the backlog until some are free again.
void Listener::pause_after(const error_code &error) {
    if (!failing_)
        spdlog::warn("cannot accept connections: {}", error.message());
    failing_ = true;
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](const error_code &cancelled) {
        if (!cancelled && acceptor_.is_open())
            accept();
    });
}

void Listener::stop() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

} // namespace webrocket
