// A vhost's address at which nobody listens.
#ifndef SUPPORT_UNUSED_ADDRESS_HPP
#define SUPPORT_UNUSED_ADDRESS_HPP

#include <string>

#include "reserved_port.hpp"
#include "vhost_address.hpp"

inline std::string unused_address() {
    static const support::reserved_port port;
    return support::vhost_address{{"127.0.0.1", port.number()}, "/vhost", "secret"}.url();
}

#endif
