#include "websocket_connection.h"

#include <utility>

namespace webrocket {
namespace {

// A browser that speaks faster than it listens to its own echo has to wait at this many bytes.
constexpr std::size_t pending_echo_max = 1 << 20;

} // namespace

WebSocketConnection::WebSocketConnection(Connection &connection, Hub &hub,
                                         std::shared_ptr<Vhost> vhost,
                                         std::shared_ptr<const Seat> seat,
                                         const SessionRules &rules)
    : connection_(connection), seat_(std::move(seat)),
      session_(hub, std::move(vhost), *this, rules) {
    connection_.arm(TimerKind::websocket_ping);
    session_.greet();
}

void WebSocketConnection::on_data(std::string_view bytes) {
    heard_since_ping_ = true;
    auto &pool = connection_.loop().decoders();
    auto decoder = decoder_ ? std::move(decoder_) : pool.take();
    const auto state = decoder->feed(bytes, *this, replies_);
    send_replies();
    switch (state) {
    case FrameDecoder::State::between_messages:
        pool.give_back(std::move(decoder));
        break;
    case FrameDecoder::State::inside_message:
        decoder_ = std::move(decoder);
        break;
    case FrameDecoder::State::closed:
        session_.leave(Departure::closed);
        connection_.finish();
        return;
    case FrameDecoder::State::broken:
        if (!connection_.ending())
            connection_.report_refusal(RefusalReason::websocket_protocol, "what is no WebSocket");
        session_.leave(Departure::lost);
        connection_.finish();
        return;
    }
    if (connection_.pending_bytes() > pending_echo_max)
        connection_.pause_reading();
}

void WebSocketConnection::send_replies() {
    if (!replies_.empty())
        connection_.send(make_frame(std::exchange(replies_, {})));
}

bool WebSocketConnection::on_message(std::string_view message) {
    send_replies();
    return session_.on_message(message) && !connection_.ending();
}

void WebSocketConnection::on_end() {
    session_.leave(Departure::lost);
    connection_.abort();
}

// A peer that has not said anything since the last ping, not even a pong, is gone.
void WebSocketConnection::on_timer() {
    if (!heard_since_ping_ && !is_catching_up()) {
        connection_.abort();
        return;
    }
    heard_since_ping_ = false;
    acknowledged_at_ping_ = connection_.acknowledged_position();
    connection_.send(connection_.loop().ping());
    ping_position_ = connection_.queued_position();
    connection_.arm(TimerKind::websocket_ping);
}

// The ping has not reached the peer yet, but what goes before it is being taken.
bool WebSocketConnection::is_catching_up() {
    const auto acknowledged = connection_.acknowledged_position();
    return acknowledged > acknowledged_at_ping_ && acknowledged < ping_position_;
}

void WebSocketConnection::close(std::uint16_t code) {
    connection_.send(make_frame(websocket_close(code)));
    connection_.finish();
}

} // namespace webrocket
