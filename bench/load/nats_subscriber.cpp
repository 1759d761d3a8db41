#include "nats_lines.hpp"
#include "worker_seat.hpp"

namespace {

class nats_subscriber final : public worker_seat, private nats_listener {
  public:
    nats_subscriber(poller &loop, int port) : worker_seat(loop, port) {}

  private:
    std::size_t on_bytes(std::string_view bytes) override { return read_nats(bytes, *this); }
    void on_info() override { send(nats_greeting(true)); }
    void on_pong() override { become_ready(); }
    void on_ping() override { send("PONG\r\n"); }
    void on_payload(std::string_view payload) override { hear(payload); }
};

} // namespace

std::unique_ptr<worker_seat> make_nats_subscriber(poller &loop, int port) {
    return std::make_unique<nats_subscriber>(loop, port);
}
