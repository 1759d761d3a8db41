// How long a connection waits for its peer, whatever it speaks.
#pragma once

#include <chrono>

namespace webrocket {

struct ConnectionTimes {
    std::chrono::milliseconds handshake{10000};   // of TLS
    std::chrono::milliseconds final_write{10000}; // for some of them to be taken
    std::chrono::milliseconds linger{2000};       // for the peer to end as well
};

} // namespace webrocket
