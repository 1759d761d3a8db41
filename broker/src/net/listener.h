// Accepts the connections of one port and spreads them over the loops.
#pragma once

#include "net/acceptor.h"
#include "net/admission.h"
#include "net/event_loops.h"
#include "net/port_service.h"
#include "net/refusal_reason.h"
#include "net/socket.h"
#include "net/tls.h"

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

class Listener {
  public:
    // Throws boost::system::system_error when the address cannot be had.
    // `tls` may be null. `beside_ipv4`: another listener has the same port of IPv4.
    Listener(EventLoops &loops, Port port, const boost::asio::ip::tcp::endpoint &endpoint,
             PortService &service, TlsContext *tls, Admission &admission, bool beside_ipv4);

    boost::asio::ip::tcp::endpoint endpoint() const { return acceptor_.socket().local_endpoint(); }
    void start() { acceptor_.start(); }
    void stop() { acceptor_.stop(); }

  private:
    void consider(EventLoop &loop, Socket socket);
    void welcome(EventLoop &loop, Socket socket, Admission::Place place);
    void turn_away(const Socket &socket, const ClientAddress &address, RefusalReason reason,
                   std::string_view what);

    EventLoops &loops_;
    const Port port_;
    Acceptor<boost::asio::ip::tcp> acceptor_;
    PortService &service_;
    TlsContext *tls_;
    Admission &admission_;
};

} // namespace webrocket
