// What a NATS server sends: lines, and payloads of a known length behind some of them. The same
// over TCP and over WebSocket.
#pragma once

#include <cstddef>
#include <string_view>

class nats_listener {
  public:
    virtual ~nats_listener() = default;
    virtual void on_info() = 0;
    virtual void on_pong() = 0;
    virtual void on_ping() = 0;
    virtual void on_payload(std::string_view payload) = 0;
};

/// Returns how many of the bytes were whole.
std::size_t read_nats(std::string_view bytes, nats_listener &listener);

/// Connects; subscribes, if wished; the answer to its ping says that both were done.
std::string_view nats_greeting(bool subscribes);
