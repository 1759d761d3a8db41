// The one receiver on the backend's side: WebRocket's event stream, or a NATS subscriber over TCP.
#pragma once

#include <memory>
#include <string_view>

#include "http_client.hpp"
#include "participant.hpp"

class worker_seat : public connection {
  public:
    using connection::connection;

    bool is_ready() const { return is_ready_; }
    void on_event(participant::hearing hear) { hear_ = std::move(hear); }

  protected:
    void become_ready() { is_ready_ = true; }
    void hear(std::string_view data) const {
        if (hear_)
            hear_(data);
    }

  private:
    bool is_ready_ = false;
    participant::hearing hear_;
};

std::unique_ptr<worker_seat> make_event_stream(poller &loop, const http_address &from);
std::unique_ptr<worker_seat> make_nats_subscriber(poller &loop, int port);
