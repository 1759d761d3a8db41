#include "net/listener.h"

#include "net/address.h"
#include "net/connection.h"

#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace webrocket {

Listener::Listener(EventLoops &loops, Port port, const boost::asio::ip::tcp::endpoint &endpoint,
                   PortService &service, TlsContext *tls, Admission &admission, bool beside_ipv4)
    : loops_(loops), port_(port),
      acceptor_(loops, format_address(endpoint),
                [this](EventLoop &loop, Socket socket) { consider(loop, std::move(socket)); }),
      service_(service), tls_(tls), admission_(admission) {
    acceptor_.socket().open(endpoint.protocol());
    acceptor_.socket().set_option(boost::asio::socket_base::reuse_address(true));
    if (beside_ipv4)
        acceptor_.socket().set_option(boost::asio::ip::v6_only(true));
    acceptor_.socket().bind(endpoint);
    acceptor_.socket().listen(4096);
}

void Listener::consider(EventLoop &loop, Socket socket) {
    const ClientAddress address = socket.peer();
    if (port_ == Port::service && loops_.memory().is_exhausted()) {
        turn_away(socket, address, RefusalReason::no_memory_left,
                  fmt::format("a connection: {} bytes of memory are held already",
                              loops_.memory().limit()));
        return;
    }
    auto [verdict, place] =
        service_.is_proxy(address) ? admission_.admit_proxy() : admission_.admit(address);
    const AdmissionLimits limits = admission_.limits();
    switch (verdict) {
    case Admission::Verdict::admitted:
        welcome(loop, std::move(socket), std::move(place));
        return;
    case Admission::Verdict::full:
        turn_away(socket, address, RefusalReason::too_many_connections,
                  fmt::format("a connection: there are {} already", limits.connections_max));
        return;
    case Admission::Verdict::too_many_of_address:
        turn_away(socket, address, RefusalReason::too_many_of_address,
                  fmt::format("a connection: it has {} already", limits.per_address_max));
        return;
    }
}

// Nothing is kept of it: the answer is a courtesy, for whoever happens to see it.
void Listener::turn_away(const Socket &socket, const ClientAddress &address, RefusalReason reason,
                         std::string_view what) {
    loops_.refusals().add(port_, reason, address, what);
    if (tls_ == nullptr) {
        const std::string_view answer = service_.no_room();
        ::send(socket.descriptor(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    socket.shut_down();
}

void Listener::welcome(EventLoop &loop, Socket socket, Admission::Place place) {
    loop.post([this, &loop, socket = std::move(socket), place = std::move(place)]() mutable {
        auto tls = tls_ == nullptr ? nullptr : tls_->accept(socket.descriptor());
        const ConnectionPtr connection(
            new Connection(loops_, loop, port_, std::move(socket), std::move(tls)));
        connection->keep(std::move(place));
        connection->start(service_.serve(*connection));
    });
}

} // namespace webrocket
