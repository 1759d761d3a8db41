#include "frame_decoder.h"

#include "frame.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <wslay/wslay.h>

namespace webrocket {

struct FrameDecoderCallbacks {
    static FrameDecoder &self(void *user_data) { return *static_cast<FrameDecoder *>(user_data); }

    static void fail(wslay_event_context_ptr context, std::uint16_t code) {
        wslay_event_queue_close(context, code, nullptr, 0);
        wslay_event_shutdown_read(context);
    }

    static ssize_t recv(wslay_event_context_ptr context, std::uint8_t *buffer, std::size_t length,
                        int, void *user_data) {
        FrameDecoder &decoder = self(user_data);
        if (decoder.input_.empty()) {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        const std::size_t count = std::min(length, decoder.input_.size());
        std::memcpy(buffer, decoder.input_.data(), count);
        decoder.input_.remove_prefix(count);
        return static_cast<ssize_t>(count);
    }

    static ssize_t send(wslay_event_context_ptr, const std::uint8_t *data, std::size_t length, int,
                        void *user_data) {
        self(user_data).replies_->append(reinterpret_cast<const char *>(data), length);
        return static_cast<ssize_t>(length);
    }

    static void frame_start(wslay_event_context_ptr context,
                            const wslay_event_on_frame_recv_start_arg *arg, void *user_data) {
        FrameDecoder &decoder = self(user_data);
        decoder.write_replies();
        const std::uint64_t length = arg->payload_length;
        constexpr std::uint64_t header_with_mask = 6;
        const std::uint64_t extended_length = length < 126 ? 0 : length <= 0xffff ? 2 : 8;
        decoder.frame_size_ = header_with_mask + extended_length + length;
        decoder.in_control_frame_ = wslay_is_ctrl_frame(arg->opcode) != 0;
        if (!decoder.in_control_frame_) {
            decoder.in_message_ = true;
            // Without buffering wslay holds the limit against single frames only.
            if (length > decoder.message_size_max_ - decoder.message_.size())
                fail(context, close_code::message_too_big);
        } else if (arg->opcode == WSLAY_CONNECTION_CLOSE && length == 1) {
            // Half a close code, which wslay would take for none.
            fail(context, close_code::protocol_error);
        }
    }

    static void frame_chunk(wslay_event_context_ptr context,
                            const wslay_event_on_frame_recv_chunk_arg *arg, void *user_data) {
        FrameDecoder &decoder = self(user_data);
        if (!decoder.in_control_frame_ && wslay_event_get_read_enabled(context))
            decoder.message_.append(reinterpret_cast<const char *>(arg->data), arg->data_length);
    }

    static void frame_end(wslay_event_context_ptr, void *user_data) {
        FrameDecoder &decoder = self(user_data);
        decoder.bytes_unaccounted_ -= decoder.frame_size_;
    }

    static void message(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg *arg,
                        void *user_data) {
        FrameDecoder &decoder = self(user_data);
        // What is owed for frames before this one goes out before anything that this one brings.
        decoder.write_replies();
        if (wslay_is_ctrl_frame(arg->opcode) || !wslay_event_get_read_enabled(context))
            return;
        decoder.in_message_ = false;
        if (!decoder.sink_->on_message(decoder.message_))
            wslay_event_shutdown_read(context);
        constexpr std::size_t kept_capacity_max = std::size_t{16} << 10;
        if (decoder.message_.capacity() > kept_capacity_max)
            std::string().swap(decoder.message_);
        else
            decoder.message_.clear();
    }
};

FrameDecoder::FrameDecoder(std::size_t message_size_max) : message_size_max_(message_size_max) {
    static const wslay_event_callbacks callbacks = {FrameDecoderCallbacks::recv,
                                                    FrameDecoderCallbacks::send,
                                                    nullptr,
                                                    FrameDecoderCallbacks::frame_start,
                                                    FrameDecoderCallbacks::frame_chunk,
                                                    FrameDecoderCallbacks::frame_end,
                                                    FrameDecoderCallbacks::message};
    if (wslay_event_context_server_init(&context_, &callbacks, this) != 0)
        throw std::bad_alloc();
    // The chunks are gathered here: wslay would keep each in a block of its own, and a message
    // sent as single bytes would cost many times its size.
    wslay_event_config_set_no_buffering(context_, 1);
    wslay_event_config_set_max_recv_msg_length(context_, message_size_max);
}

FrameDecoder::~FrameDecoder() { wslay_event_context_free(context_); }

FrameDecoder::State FrameDecoder::feed(std::string_view bytes, Sink &sink, std::string &replies) {
    input_ = bytes;
    sink_ = &sink;
    replies_ = &replies;
    bytes_unaccounted_ += bytes.size();
    bool failed = false;
    while (!failed && !input_.empty() && wslay_event_get_read_enabled(context_))
        failed = wslay_event_recv(context_) != 0;
    if (failed) {
        // wslay would answer a frame that cannot be read with a close frame that gives no reason.
        replies.append(websocket_close(close_code::protocol_error));
    }
    if (!failed)
        write_replies();
    sink_ = nullptr;
    replies_ = nullptr;
    input_ = {};
    if (failed || !wslay_event_get_read_enabled(context_))
        return State::closed;
    return bytes_unaccounted_ == 0 && !in_message_ ? State::between_messages
                                                   : State::inside_message;
}

void FrameDecoder::write_replies() {
    while (wslay_event_want_write(context_) && wslay_event_send(context_) == 0) {
    }
}

std::unique_ptr<FrameDecoder> FrameDecoderPool::take() {
    if (spare_.empty())
        return std::make_unique<FrameDecoder>(message_size_max_);
    auto decoder = std::move(spare_.back());
    spare_.pop_back();
    return decoder;
}

void FrameDecoderPool::give_back(std::unique_ptr<FrameDecoder> decoder) {
    if (spare_.size() < spare_max)
        spare_.push_back(std::move(decoder));
}

} // namespace webrocket
