// What listens asks about those who come: it knows sockets, and not what is spoken over them.
#pragma once

#include "base/client_address.h"

#include <memory>
#include <string_view>

namespace webrocket {

class Connection;
class Protocol;

class PortService {
  public:
    virtual ~PortService() = default;
    // Whether it comes for many others, so that the limits of one address do not count.
    virtual bool is_proxy(const ClientAddress &address) const = 0;
    virtual std::unique_ptr<Protocol> serve(Connection &connection) = 0;
    // The last and only word to those for whom there is no room.
    virtual std::string_view no_room() const = 0;
};

} // namespace webrocket
