#include "listener.h"

#include "connection.h"

#include <spdlog/spdlog.h>

namespace webrocket {
using boost::system::error_code;

Listener::Listener(EventLoops &loops, Port port, const boost::asio::ip::tcp::endpoint &endpoint,
                   HttpHandler &handler, const HttpRules &rules, TlsContext *tls)
    : loops_(loops), port_(port), acceptor_(loops.first().io()), pause_(loops.first().io()),
      handler_(handler), rules_(rules), tls_(tls) {
    acceptor_.open(endpoint.protocol());
    acceptor_.set_option(boost::asio::socket_base::reuse_address(true));
    acceptor_.bind(endpoint);
    acceptor_.listen(4096);
}

void Listener::accept() {
    EventLoop &loop = loops_.next();
    acceptor_.async_accept(
        loop.io(), [this, &loop](const error_code &error, boost::asio::ip::tcp::socket socket) {
            if (error == boost::asio::error::operation_aborted || !acceptor_.is_open())
                return;
            // The peer gave up while it waited; the next one may not have.
            if (error && error != boost::asio::error::connection_aborted) {
                pause_after(error);
                return;
            }
            if (!error) {
                failing_ = false;
                welcome(loop, std::move(socket));
            }
            accept();
        });
}

void Listener::welcome(EventLoop &loop, boost::asio::ip::tcp::socket socket) {
    loop.post([this, &loop, socket = std::move(socket)]() mutable {
        auto tls = tls_ == nullptr ? nullptr : tls_->accept(socket.native_handle());
        auto connection =
            std::make_shared<Connection>(loops_, loop, port_, std::move(socket), std::move(tls));
        connection->start(std::make_unique<HttpConnection>(*connection, handler_, rules_));
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
