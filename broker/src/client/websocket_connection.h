// The WebSocket side of a connection: bytes to messages for its session, frames out, pings.
#pragma once

#include "client/session.h"
#include "net/connection.h"
#include "net/held_memory.h"
#include "net/shared_bytes.h"
#include "websocket/frame.h"
#include "websocket/frame_decoder.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

class WebSocketConnection final : public Protocol,
                                  private SessionTransport,
                                  private FrameDecoder::Sink {
  public:
    WebSocketConnection(Connection &connection, Exchange &exchange, std::shared_ptr<Vhost> vhost,
                        ConnectionQuota::Slot slot, std::shared_ptr<const SessionRules> rules);

    void on_data(std::string_view bytes) override;
    void on_end() override;
    void on_timer() override;
    void on_drained() override;
    void on_shutdown() override { close(close_code::going_away); }
    std::string description() const override { return session_.description(); }
    LogFields log_fields() const override { return session_.log_fields(); }
    std::size_t held_bytes() const override;
    std::chrono::steady_clock::time_point held_since() const override;
    const void *tenant() const override { return session_.tenant(); }

  private:
    struct UnfinishedMessage {
        std::unique_ptr<FrameDecoder> decoder;
        Deadline deadline;
        HeldBytes<> held;
        std::chrono::steady_clock::time_point since;
    };

    EventLoop &loop() override { return connection_.loop(); }
    const ClientAddress &address() const override { return connection_.address(); }
    std::size_t pending_bytes() const override { return connection_.pending_bytes(); }
    void send(const Frame &frames, std::size_t count) override { connection_.send(frames, count); }
    void run(const std::function<void()> &call) override;
    void read_on(std::string_view held) override;
    void close(std::uint16_t code) override;
    FrameDecoder::Wanted on_message(std::string_view message) override;
    std::size_t message_size_max() const override { return session_.message_size_max(); }
    bool wants_more() const;
    void decode(std::string_view bytes);
    // Once what is written has gone out, or now.
    enum class Ending : std::uint8_t { finish, abort };
    void end(Departure departure, Ending ending);
    void keep_inside_message(std::unique_ptr<FrameDecoder> decoder);
    void on_late_message();
    void on_newcomer_timeout();
    void report_end(const FrameDecoder &decoder);
    void dismiss(RefusalReason reason, std::string_view what);
    void send_replies();

    // There are tens of thousands of these, which do nothing most of the time: what is needed in a
    // call alone stands with the loop.
    Connection &connection_;
    ConnectionQuota::Slot slot_;
    std::unique_ptr<UnfinishedMessage> unfinished_; // only in the middle of one
    std::unique_ptr<Deadline> newcomer_deadline_;   // until it has authenticated or subscribed
    std::uint64_t ping_position_ : 63 = 0;
    bool heard_since_ping_ : 1 = true;
    std::uint64_t acknowledged_at_ping_ : 63 = 0;
    bool message_ended_ : 1 = false; // in the running call
    Session session_;
};

} // namespace webrocket
