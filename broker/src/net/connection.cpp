#include "net/connection.h"

#include "net/held_memory.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace webrocket {
namespace asio = boost::asio;

Connection::Connection(EventLoops &loops, EventLoop &loop, Port port, Socket socket,
                       std::unique_ptr<TlsSession> tls)
    : loops_(loops), loop_(loop), socket_(std::move(socket)), tls_(std::move(tls)), port_(port),
      address_(socket_.peer()) {
    held_memory::add(idle_bytes(tls_ != nullptr));
    loop_.figures().at(port_).connections_accepted.add(1);
}

Connection::~Connection() {
    held_memory::subtract(idle_bytes(tls_ != nullptr));
    loop_.figures().at(port_).connections_ended.add(1);
}

void Connection::start(std::unique_ptr<Protocol> protocol) {
    socket_.prepare();
    protocol_ = std::move(protocol);
    in_handshake_ = tls_ != nullptr;
    if (in_handshake_)
        arm(loops_.times().handshake);
    wait_for_input();
    loop_.add(*this, socket_);
}

// Whoever calls keeps it meanwhile.
void Connection::serve(std::uint32_t changes) {
    may_be_readable_ = may_be_readable_ || (changes & ReadySet::input) != 0;
    may_have_more_ = may_have_more_ || (changes & ReadySet::more_than_input) != 0;
    guarded([this, changes] {
        if (waiting_for_room_ && (changes & ReadySet::room) != 0)
            on_room();
        if (waiting_for_input_ && has_input())
            on_input();
    });
}

// What the last input was answered goes out before the next is looked at, which may be the end.
void Connection::on_input() {
    if (aborted_)
        return;
    if (end_turn_scheduled_) {
        loop_.serve_again(*this);
        return;
    }
    waiting_for_input_ = false;
    on_readable();
}

void Connection::become(std::unique_ptr<Protocol> protocol) {
    replacement_ = std::move(protocol);
    if (!in_protocol_)
        protocol_ = std::move(replacement_);
}

template <typename Call>
void Connection::guarded(const Call &call) noexcept {
    try {
        call();
    } catch (const std::exception &error) {
        report_exception(error);
        give_up();
    }
}

// There may be no memory to do it as usual.
void Connection::give_up() noexcept {
    aborted_ = true;
    try {
        schedule_end_turn();
    } catch (const std::exception &) {
        loop_.sweep_aborted_later();
    }
}

void Connection::drop_if_aborted() {
    if (aborted_)
        drop();
}

void Connection::drop() {
    const ConnectionPtr kept(this);
    tear_down();
}

void Connection::send(Frame frame, std::size_t deliveries) {
    if (ending())
        return;
    loop_.figures().frames_sent.add(deliveries);
    // Whoever sends to many goes on with the next.
    guarded([&] { queue_up(std::move(frame)); });
}

void Connection::queue_up(Frame frame) {
    queue_.push(std::move(frame));
    // One turn may bring a lot: it is no peer's fault that nothing was written meanwhile.
    if (queue_.bytes() > pending_limit_)
        write_queue();
    if (queue_.bytes() > pending_limit_ && !aborted_) {
        report_slow_consumer();
        abort();
    } else if (!waiting_for_room_) {
        schedule_end_turn();
    }
}

// A unix socket has no such option, and holds less.
void Connection::limit_unsent_in_kernel() {
    constexpr int bytes = 128 * 1024;
    ::setsockopt(socket_.descriptor(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof bytes);
}

void Connection::write_now() {
    if (!waiting_for_room_ && !aborted_)
        guarded([this] { write_queue(); });
}

std::uint64_t Connection::acknowledged_position() {
    int in_kernel = 0;
    if (::ioctl(socket_.descriptor(), TIOCOUTQ, &in_kernel) != 0)
        return 0;
    // What TLS adds is in the kernel's count and not in ours.
    return written_ - std::min(written_, static_cast<std::uint64_t>(in_kernel));
}

bool Connection::is_unanswered() {
    tcp_info info{};
    socklen_t size = sizeof info;
    return ::getsockopt(socket_.descriptor(), IPPROTO_TCP, TCP_INFO, &info, &size) == 0 &&
           (info.tcpi_unacked > 0 || info.tcpi_probes > 1);
}

void Connection::resume_reading() {
    if (!reading_paused_)
        return;
    reading_paused_ = false;
    if (!torn_down_)
        wait_for_input();
}

void Connection::finish() {
    if (ending())
        return;
    finishing_ = true;
    await_last_words();
    resume_reading();
    schedule_end_turn();
}

void Connection::abort() {
    if (aborted_)
        return;
    aborted_ = true;
    schedule_end_turn();
}

void Connection::schedule_end_turn() {
    if (end_turn_scheduled_ || torn_down_)
        return;
    loop_.end_turn_with(*this);
    end_turn_scheduled_ = true;
}

void Connection::end_turn() {
    end_turn_scheduled_ = false;
    if (aborted_) {
        tear_down();
        return;
    }
    if (!waiting_for_room_)
        guarded([this] { write_pending(); });
}

void Connection::write_queue() {
    while (!queue_.empty() && (tls_ ? write_some_encrypted() : write_some())) {
    }
}

// False when there is no going on for the time being, or at all.
bool Connection::write_some() {
    OutboundQueue::Gather gather;
    const std::size_t pieces = queue_.gather(gather);
    ssize_t written = 0;
    if (pieces == 1) { // as it mostly is: the kernel has less to do then
        written = ::send(socket_.descriptor(), gather[0].iov_base, gather[0].iov_len, MSG_NOSIGNAL);
    } else {
        msghdr message{};
        message.msg_iov = gather.data();
        message.msg_iovlen = pieces;
        written = ::sendmsg(socket_.descriptor(), &message, MSG_NOSIGNAL);
    }
    if (written >= 0) {
        wrote(static_cast<std::size_t>(written));
        return true;
    }
    if (errno == EINTR)
        return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        wait_for_room();
    else
        abort();
    return false;
}

bool Connection::write_some_encrypted() {
    std::size_t written = 0;
    switch (tls_->write(queue_, written)) {
    case TlsSession::Result::done:
        wrote(written);
        return true;
    case TlsSession::Result::wants_room:
        wait_for_room();
        return false;
    case TlsSession::Result::wants_input:
        // The handshake goes on with what the peer says next; whoever reads it writes then.
        write_after_input_ = true;
        return false;
    case TlsSession::Result::ended:
    case TlsSession::Result::failed:
        abort();
        return false;
    }
    return false;
}

void Connection::wrote(std::size_t count) {
    queue_.consume(count);
    written_ += count;
    loop_.figures().bytes_sent.add(count);
}

void Connection::write_pending() {
    write_queue();
    const bool is_drained = queue_.empty();
    if (aborted_ || (finishing_ && !is_drained))
        return;
    if (finishing_ && peer_ended_)
        tear_down();
    else if (finishing_)
        close_sending_side();
    else if (is_drained)
        call_protocol([](Protocol &protocol) { protocol.on_drained(); });
    else
        call_protocol([](Protocol &protocol) { protocol.on_stalled(); });
}

// The kernel has just refused to take more, so it will tell when there is room again.
void Connection::wait_for_room() { waiting_for_room_ = true; }

void Connection::on_room() {
    waiting_for_room_ = false;
    if (aborted_) {
        tear_down();
        return;
    }
    write_pending();
    if (!read_after_room_ || torn_down_ || aborted_)
        return;
    read_after_room_ = false;
    on_readable();
}

void Connection::await_last_words() {
    acknowledged_last_ = acknowledged_position();
    arm(loops_.times().final_write);
}

void Connection::close_sending_side() {
    if (sending_side_closed_)
        return;
    sending_side_closed_ = true;
    arm(loops_.times().linger);
    if (tls_)
        tls_->say_goodbye();
    socket_.shut_down_sending();
}

void Connection::wait_for_input() {
    if (waiting_for_input_ || input_in_line_ || input_put_off_)
        return;
    waiting_for_input_ = true;
    if (has_input())
        loop_.serve_again(*this);
}

bool Connection::has_input() const {
    return may_be_readable_ || (tls_ && tls_->has_buffered_input());
}

// A loop that does not keep up must not be given more; its own connections have to be served.
void Connection::wait_for_the_others() {
    constexpr auto pause = std::chrono::milliseconds(1);
    auto timer = std::make_shared<asio::steady_timer>(loop_.io(), pause);
    timer->async_wait([self = ConnectionPtr(this), timer](const boost::system::error_code &) {
        self->input_put_off_ = false;
        if (!self->aborted_)
            self->guarded([&self] { self->on_readable(); });
    });
    input_put_off_ = true;
}

void Connection::on_readable() {
    if (reading_paused_)
        return;
    if (loops_.are_crowded()) {
        wait_for_the_others();
    } else if (!protocol_->gives_way()) {
        if (loop_.input_has_to_wait()) {
            loop_.put_off_input(*this, protocol_->tenant());
            input_in_line_ = true;
        } else {
            read_input();
        }
    } else if (loop_.has_a_line()) {
        wait_in_line();
        input_in_line_ = true;
    } else {
        loop_.in_turn([this] { read_input(); });
    }
}

void Connection::take_turn() {
    if (torn_down_ || aborted_)
        return;
    guarded([this] {
        if (!input_in_line_) {
            call_protocol([](Protocol &protocol) { protocol.on_turn(); });
            return;
        }
        input_in_line_ = false;
        if (!reading_paused_)
            read_input();
    });
}

void Connection::read_input() {
    std::size_t count = 0;
    switch (tls_ ? read_encrypted(count) : read(count)) {
    case Input::none_yet:
        wait_for_input();
        return;
    case Input::after_room:
        // What there is to read stays there, and would be reported again and again.
        read_after_room_ = true;
        wait_for_room();
        return;
    case Input::failed:
        abort();
        return;
    case Input::ended:
        if (finishing_) {
            abort();
            return;
        }
        peer_ended_ = true;
        call_protocol([](Protocol &protocol) { protocol.on_end(); });
        return;
    case Input::bytes:
        loop_.figures().bytes_received.add(count);
        take_input({loop_.read_buffer(true).data(), count});
        return;
    }
}

void Connection::take_input(std::string_view bytes) {
    if (!finishing_)
        call_protocol([bytes](Protocol &protocol) { protocol.on_data(bytes); });
    if (write_after_input_) {
        write_after_input_ = false;
        schedule_end_turn();
    }
    if (!reading_paused_ && !aborted_)
        wait_for_input();
}

Connection::Input Connection::read(std::size_t &count) {
    const auto buffer = loop_.read_buffer(protocol_->gives_way());
    // Nobody looks at what comes after the end: the kernel may throw it away.
    const ssize_t got =
        ::recv(socket_.descriptor(), buffer.data(), buffer.size(), finishing_ ? MSG_TRUNC : 0);
    if (got > 0) {
        count = static_cast<std::size_t>(got);
        may_be_readable_ = may_have_more_ || count == buffer.size();
        return Input::bytes;
    }
    if (got == 0)
        return Input::ended;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        may_be_readable_ = false;
    else if (errno != EINTR)
        return Input::failed;
    return Input::none_yet;
}

Connection::Input Connection::read_encrypted(std::size_t &count) {
    const auto buffer = loop_.read_buffer(protocol_->gives_way());
    const auto result = tls_->read(buffer.data(), buffer.size(), count);
    if (in_handshake_ && !finishing_ && tls_->is_established())
        end_handshake();
    switch (result) {
    case TlsSession::Result::done:
        return Input::bytes;
    case TlsSession::Result::wants_room:
        // TLS owes the peer an answer of its own.
        return Input::after_room;
    case TlsSession::Result::wants_input:
        may_be_readable_ = false; // it has read until there was no more
        if (write_after_input_) {
            write_after_input_ = false;
            schedule_end_turn();
        }
        return Input::none_yet;
    case TlsSession::Result::ended:
        return Input::ended;
    case TlsSession::Result::failed:
        report_failed_handshake();
        return Input::failed;
    }
    return Input::failed;
}

void Connection::end_handshake() {
    in_handshake_ = false;
    disarm();
    call_protocol([](Protocol &protocol) { protocol.on_encrypted(); });
}

void Deadline::on_timer() {
    const ConnectionPtr kept(&connection_);
    if (!connection_.ending())
        connection_.call_protocol([this](Protocol &) { on_over_(); });
}

void Connection::on_timer() {
    guarded([this] { end_wait(); });
}

void Connection::end_wait() {
    if (torn_down_ || aborted_)
        return;
    if (in_handshake_ && !finishing_) {
        report_refusal(RefusalReason::tls_timeout, "to wait on for its TLS handshake");
        abort();
    } else if (!finishing_)
        call_protocol([](Protocol &protocol) { protocol.on_timer(); });
    else if (!queue_.empty() && acknowledged_position() >= acknowledged_last_ + reading_step_min)
        await_last_words();
    else
        abort();
}

void Connection::shut_down() {
    if (ending())
        return;
    call_protocol([](Protocol &protocol) { protocol.on_shutdown(); });
}

void Connection::tear_down() {
    if (torn_down_)
        return;
    torn_down_ = true;
    aborted_ = true;
    disarm();
    socket_.close();
    place_.give_back();
    protocol_.reset();
    queue_ = OutboundQueue(); // now: lists of the loop may have the connection for a while
    EventLoop::remove(*this);
}

} // namespace webrocket
