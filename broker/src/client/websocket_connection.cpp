#include "client/websocket_connection.h"

#include "net/shared_bytes.h"
#include "websocket/frame.h"

#include <fmt/format.h>
#include <string>
#include <utility>

namespace webrocket {
namespace {

// A browser that speaks faster than it listens to its own echo has to wait at this many bytes; one
// that nobody knows is answered with little more than pongs.
constexpr std::size_t pending_echo_max = std::size_t{1} << 20;
constexpr std::size_t pending_echo_of_newcomer_max = std::size_t{4} << 10;

// Made once for all connections of a loop.
struct Ping {
    const Frame frame = make_frame(websocket_ping());
};

// The control frames that a connection owes its peer: they are sent before the call is over.
struct Replies {
    std::string bytes;
};

} // namespace

WebSocketConnection::WebSocketConnection(Connection &connection, Exchange &exchange,
                                         std::shared_ptr<Vhost> vhost, ConnectionQuota::Slot slot,
                                         std::shared_ptr<const SessionRules> rules)
    : connection_(connection), slot_(std::move(slot)),
      session_(exchange, std::move(vhost), *this, std::move(rules)) {
    connection_.arm(session_.rules().ping_interval);
    if (session_.rules().newcomer_time.count() > 0)
        newcomer_deadline_ = std::make_unique<Deadline>(connection_, session_.rules().newcomer_time,
                                                        [this] { on_newcomer_timeout(); });
    session_.greet();
}

void WebSocketConnection::on_data(std::string_view bytes) {
    heard_since_ping_ = true;
    decode(bytes);
    if (session_.is_known())
        newcomer_deadline_.reset();
    if (!connection_.ending() && !wants_more())
        connection_.pause_reading();
}

bool WebSocketConnection::wants_more() const {
    const auto pending_max = session_.is_known() ? pending_echo_max : pending_echo_of_newcomer_max;
    return !session_.holds_input() && connection_.pending_bytes() <= pending_max;
}

void WebSocketConnection::decode(std::string_view bytes) {
    message_ended_ = false;
    auto &pool = connection_.loop().local<FrameDecoderPool>();
    auto decoder = unfinished_ ? std::move(unfinished_->decoder) : pool.take();
    auto &replies = connection_.loop().local<Replies>().bytes;
    replies.clear(); // of a call that memory did not suffice for
    const auto state = decoder->feed(bytes, *this, replies);
    send_replies();
    if (state == FrameDecoder::State::inside_message)
        return keep_inside_message(std::move(decoder));
    unfinished_.reset();
    switch (state) {
    case FrameDecoder::State::held:
        session_.hold_input(decoder->unread());
        pool.give_back(std::move(decoder));
        return;
    case FrameDecoder::State::closed:
        return end(Departure::closed, Ending::finish);
    case FrameDecoder::State::broken:
        if (!connection_.ending())
            report_end(*decoder);
        return end(Departure::lost, Ending::finish);
    default:
        pool.give_back(std::move(decoder));
    }
}

// What came before the end is done before it.
void WebSocketConnection::end(Departure departure, Ending ending) {
    session_.after_answers([this, departure, ending] {
        session_.leave(departure);
        if (ending == Ending::finish)
            connection_.finish();
        else
            connection_.abort();
    });
}

void WebSocketConnection::on_drained() {
    if (!session_.holds_input())
        connection_.resume_reading();
}

void WebSocketConnection::run(const std::function<void()> &call) {
    const ConnectionPtr kept(&connection_);
    connection_.call_protocol([&call](Protocol &) { call(); });
}

void WebSocketConnection::read_on(std::string_view held) {
    if (connection_.ending())
        return;
    on_data(held);
    if (wants_more())
        connection_.resume_reading();
}

void WebSocketConnection::keep_inside_message(std::unique_ptr<FrameDecoder> decoder) {
    const std::size_t held = decoder->held_bytes();
    if (unfinished_) {
        unfinished_->decoder = std::move(decoder);
        if (message_ended_) {
            unfinished_->deadline.arm();
            unfinished_->since = std::chrono::steady_clock::now();
        }
    } else {
        unfinished_.reset(new UnfinishedMessage{
            std::move(decoder),
            Deadline(connection_, session_.rules().message_time, [this] { on_late_message(); }),
            {},
            std::chrono::steady_clock::now()});
    }
    unfinished_->held.set(held);
}

std::size_t WebSocketConnection::held_bytes() const {
    return session_.held_bytes() + (unfinished_ ? unfinished_->held.bytes() : 0);
}

std::chrono::steady_clock::time_point WebSocketConnection::held_since() const {
    return unfinished_ ? unfinished_->since : std::chrono::steady_clock::time_point();
}

// What is not read yet may have come in time.
void WebSocketConnection::on_late_message() {
    if (connection_.is_reading_paused())
        unfinished_->deadline.arm();
    else
        dismiss(RefusalReason::message_timeout, "to wait on for the end of a message");
}

void WebSocketConnection::on_newcomer_timeout() {
    dismiss(RefusalReason::newcomer_timeout, "to wait on for an authentication or a subscription");
}

void WebSocketConnection::report_end(const FrameDecoder &decoder) {
    if (decoder.was_too_big())
        connection_.report_refusal(
            RefusalReason::message_too_big,
            fmt::format("a message of more than {} bytes", session_.message_size_max()));
    else
        connection_.report_refusal(RefusalReason::websocket_protocol, "what is no WebSocket");
}

void WebSocketConnection::dismiss(RefusalReason reason, std::string_view what) {
    connection_.report_refusal(reason, what);
    session_.leave(Departure::lost);
    close(close_code::policy_violation);
}

void WebSocketConnection::send_replies() {
    auto &replies = connection_.loop().local<Replies>().bytes;
    if (!replies.empty())
        connection_.send(make_frame(std::exchange(replies, {})));
}

FrameDecoder::Wanted WebSocketConnection::on_message(std::string_view message) {
    send_replies();
    message_ended_ = true;
    if (!session_.on_message(message) || connection_.ending())
        return FrameDecoder::Wanted::never;
    return session_.holds_input() ? FrameDecoder::Wanted::later : FrameDecoder::Wanted::now;
}

void WebSocketConnection::on_end() { end(Departure::lost, Ending::abort); }

// A browser that has been sent a ping answers it. As long as the ping has not reached it, it has to
// take what goes before it: what it says meanwhile does not show that it reads.
void WebSocketConnection::on_timer() {
    if (session_.has_waited_too_long())
        return session_.give_up();
    const auto acknowledged = connection_.acknowledged_position();
    const bool has_arrived = acknowledged >= ping_position_;
    const bool goes_on = has_arrived ? heard_since_ping_ || session_.holds_input()
                                     : acknowledged >= acknowledged_at_ping_ + reading_step_min;
    if (!goes_on) {
        // One that has vanished was not refused anything.
        if (!has_arrived && !connection_.is_unanswered())
            connection_.report_refusal(
                RefusalReason::unread_answer,
                fmt::format("to wait on: {} bytes are not read", connection_.pending_bytes()));
        connection_.abort();
        return;
    }
    heard_since_ping_ = false;
    acknowledged_at_ping_ = acknowledged;
    connection_.send(connection_.loop().local<Ping>().frame);
    ping_position_ = connection_.queued_position();
    connection_.arm(session_.rules().ping_interval);
}

void WebSocketConnection::close(std::uint16_t code) {
    connection_.send(make_frame(websocket_close(code)));
    connection_.finish();
}

} // namespace webrocket
