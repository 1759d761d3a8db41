// The client's side of WebSocket: what is needed to speak to a server that one trusts.
#pragma once

#include <string>
#include <string_view>

#include "connection.hpp"

class websocket : public connection {
  public:
    /// Asks for the upgrade at once.
    websocket(poller &loop, int port, const std::string &path);

    void send_text(std::string_view message) { send_frame(opcode::text, message); }
    void send_binary(std::string_view message) { send_frame(opcode::binary, message); }

  protected:
    virtual void on_open() {}
    virtual void on_message(std::string_view message) = 0;

  private:
    enum class opcode : unsigned char { text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

    void send_frame(opcode kind, std::string_view payload);
    std::size_t on_bytes(std::string_view bytes) override;
    std::size_t on_answer(std::string_view bytes);
    void on_frame(opcode kind, std::string_view payload);

    bool is_open_ = false;
};
