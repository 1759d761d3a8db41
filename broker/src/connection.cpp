#include "connection.h"

#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace webrocket {
namespace asio = boost::asio;
using boost::system::error_code;

Connection::Connection(EventLoop &loop, asio::ip::tcp::socket socket)
    : loop_(loop), socket_(std::move(socket)) {
    loop_.add(*this);
}

Connection::~Connection() = default;

void Connection::start(std::unique_ptr<Protocol> protocol) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    protocol_ = std::move(protocol);
    wait_for_input();
}

void Connection::become(std::unique_ptr<Protocol> protocol) {
    replacement_ = std::move(protocol);
    if (!in_protocol_)
        protocol_ = std::move(replacement_);
}

template <typename Call>
void Connection::call_protocol(Call call) {
    in_protocol_ = true;
    try {
        call(*protocol_);
    } catch (const std::exception &error) {
        spdlog::error("{} dropped: {}", protocol_->description(), error.what());
        abort();
    }
    in_protocol_ = false;
    if (replacement_)
        protocol_ = std::move(replacement_);
}

void Connection::send(Frame frame) {
    if (ending())
        return;
    queue_.push(std::move(frame));
    // One turn may bring a lot: it is no peer's fault that nothing was written meanwhile.
    if (queue_.bytes() > pending_limit_ && !waiting_for_room_)
        write_queue();
    if (queue_.bytes() > pending_limit_ && !doomed_) {
        spdlog::warn("{} reads too slowly: closed with {} bytes unsent",
                     protocol_ ? protocol_->description() : "connection", queue_.bytes());
        abort();
        return;
    }
    if (!waiting_for_room_)
        schedule_end_turn();
}

std::uint64_t Connection::acknowledged_position() {
    int in_kernel = 0;
    if (::ioctl(socket_.native_handle(), TIOCOUTQ, &in_kernel) != 0)
        return 0;
    return written_ - static_cast<std::uint64_t>(in_kernel);
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
    arm(TimerKind::linger);
    resume_reading();
    schedule_end_turn();
}

void Connection::abort() {
    if (doomed_)
        return;
    doomed_ = true;
    schedule_end_turn();
}

void Connection::schedule_end_turn() {
    if (end_turn_scheduled_ || torn_down_)
        return;
    end_turn_scheduled_ = true;
    loop_.end_turn_with(shared_from_this());
}

void Connection::end_turn() {
    end_turn_scheduled_ = false;
    if (doomed_) {
        tear_down();
        return;
    }
    if (!waiting_for_room_)
        write_pending();
}

void Connection::write_queue() {
    OutboundQueue::Gather gather;
    while (!queue_.empty()) {
        msghdr message{};
        message.msg_iov = gather.data();
        message.msg_iovlen = queue_.gather(gather);
        const ssize_t written = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL);
        if (written >= 0) {
            queue_.consume(static_cast<std::size_t>(written));
            written_ += static_cast<std::uint64_t>(written);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            wait_for_room();
            return;
        } else if (errno != EINTR) {
            abort();
            return;
        }
    }
}

void Connection::write_pending() {
    write_queue();
    if (doomed_ || !queue_.empty())
        return;
    if (finishing_ && peer_ended_) {
        tear_down();
        return;
    }
    if (finishing_) {
        close_sending_side();
        return;
    }
    call_protocol([](Protocol &protocol) { protocol.on_drained(); });
}

void Connection::wait_for_room() {
    waiting_for_room_ = true;
    socket_.async_wait(asio::socket_base::wait_write,
                       [self = shared_from_this()](const error_code &error) {
                           self->waiting_for_room_ = false;
                           if (self->torn_down_)
                               return;
                           if (error || self->doomed_)
                               self->tear_down();
                           else
                               self->write_pending();
                       });
}

void Connection::close_sending_side() {
    if (sending_side_closed_)
        return;
    sending_side_closed_ = true;
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void Connection::wait_for_input() {
    if (waiting_for_input_)
        return;
    waiting_for_input_ = true;
    socket_.async_wait(asio::socket_base::wait_read,
                       [self = shared_from_this()](const error_code &error) {
                           self->waiting_for_input_ = false;
                           if (self->torn_down_ || self->doomed_)
                               return;
                           if (error)
                               self->abort();
                           else
                               self->on_readable();
                       });
}

void Connection::on_readable() {
    if (reading_paused_)
        return;
    auto &buffer = loop_.read_buffer();
    error_code error;
    const std::size_t count = socket_.read_some(asio::buffer(buffer), error);
    if (error == asio::error::would_block || error == asio::error::interrupted) {
        wait_for_input();
        return;
    }
    if (error && error != asio::error::eof) {
        abort();
        return;
    }
    if (finishing_) {
        if (error)
            abort();
        else
            wait_for_input();
        return;
    }
    peer_ended_ = error == asio::error::eof;
    call_protocol([&](Protocol &protocol) {
        if (peer_ended_)
            protocol.on_end();
        else
            protocol.on_data({buffer.data(), count});
    });
    if (!peer_ended_ && !reading_paused_ && !doomed_)
        wait_for_input();
}

void Connection::on_timer() {
    if (torn_down_ || doomed_)
        return;
    if (finishing_) {
        abort();
        return;
    }
    call_protocol([](Protocol &protocol) { protocol.on_timer(); });
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
    doomed_ = true;
    disarm();
    LoopHook::unlink();
    error_code ignored;
    socket_.close(ignored);
    protocol_.reset();
}

} // namespace webrocket
