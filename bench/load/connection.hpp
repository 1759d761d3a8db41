// A TCP connection to the server, whatever is spoken on it.
#pragma once

#include "poller.hpp"

#include <string>
#include <string_view>

class connection {
  public:
    connection(poller &loop, int port);
    virtual ~connection();
    connection(const connection &) = delete;
    connection &operator=(const connection &) = delete;

    /// Queued, and written at the next turn of the loop with all else that was queued till then.
    void send(std::string_view bytes);

    // The rest is for the poller.
    void on_readable();
    void flush();

  protected:
    /// Returns how many of the bytes it has used: the others come again, with more behind them.
    virtual std::size_t on_bytes(std::string_view bytes) = 0;

  private:
    poller &loop_;
    int descriptor_;
    std::string unused_;
    std::string unsent_;
    bool waits_for_room_ = false;
};
