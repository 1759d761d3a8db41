#ifndef SUPPORT_HTTP_EXCHANGE_HPP
#define SUPPORT_HTTP_EXCHANGE_HPP

#include <string>
#include <utility>

#include "vhost_address.hpp"

namespace support {

struct http_answer {
    unsigned status = 0;
    std::string body;
};

/// One request with one header of its own, and its answer. Throws when there is none in time.
http_answer http_exchange(const tcp_address &where, const std::string &method,
                          const std::string &target,
                          const std::pair<std::string, std::string> &header);

} // namespace support

#endif
