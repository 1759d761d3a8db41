#include "websocket/frame_decoder.h"

#include "base/byte_runs.h"
#include "base/utf8.h"
#include "websocket/frame.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>
#include <optional>
#include <utility>
#include <wslay/wslay.h>

namespace webrocket {
namespace {

constexpr unsigned mask_bit = 0x80;
constexpr std::size_t mask_size = 4;

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

// How long a frame is, as far as its first bytes tell.
struct FrameExtent {
    std::size_t header = 2;
    std::optional<std::uint64_t> payload; // not before the header is complete

    std::uint64_t known() const {
        const std::uint64_t most = std::numeric_limits<std::uint64_t>::max() - header;
        return header + std::min(payload.value_or(0), most);
    }
};

FrameExtent extent_of(std::string_view frame) {
    FrameExtent extent;
    if (frame.size() < extent.header)
        return extent;
    const bool is_masked = (byte_at(frame, 1) & mask_bit) != 0;
    std::uint64_t length = byte_at(frame, 1) & ~mask_bit;
    const std::size_t extended = length < 126 ? 0 : length == 126 ? 2 : 8;
    extent.header += extended + (is_masked ? mask_size : 0);
    if (frame.size() < extent.header)
        return extent;
    if (extended != 0)
        length = 0;
    for (std::size_t i = 0; i < extended; ++i)
        length = length << 8 | byte_at(frame, 2 + i);
    extent.payload = length;
    return extent;
}

// Its length spelled as it has to be, and short enough to be common.
bool begins_with_whole_message(std::string_view bytes, const FrameExtent &extent) {
    if (!extent.payload || bytes.size() < extent.known())
        return false;
    const unsigned kind = byte_at(bytes, 0);
    const bool is_masked = (byte_at(bytes, 1) & mask_bit) != 0;
    const bool is_short = extent.header == 2 + mask_size;
    const bool is_medium = extent.header == 2 + 2 + mask_size && *extent.payload >= 126;
    return (kind == final_frame::text || kind == final_frame::binary) && is_masked &&
           (is_short || is_medium);
}

// As many words of the payload as there are, several at a time; returns what is in any of them.
template <std::size_t words>
std::uint64_t unmask_words(std::string_view payload, std::uint64_t mask, std::string &text,
                           std::size_t &at) {
    using Block = std::array<std::uint64_t, words>;
    Block seen{};
    for (; payload.size() - at >= sizeof(Block); at += sizeof(Block)) {
        Block block;
        std::memcpy(block.data(), payload.data() + at, sizeof block);
        for (std::size_t i = 0; i < words; ++i) {
            block[i] ^= mask;
            seen[i] |= block[i];
        }
        std::memcpy(text.data() + at, block.data(), sizeof block);
    }
    std::uint64_t any = 0;
    for (const std::uint64_t word : seen)
        any |= word;
    return any;
}

// Returns whether the text is ASCII, which need not be looked at again.
bool unmask(std::string_view payload, std::string_view mask, std::string &text) {
    text.resize(payload.size());
    std::array<char, 2 * mask_size> masks{};
    for (std::size_t i = 0; i < masks.size(); ++i)
        masks[i] = mask[i % mask_size];
    std::uint64_t wide_mask = 0;
    std::memcpy(&wide_mask, masks.data(), sizeof wide_mask);
    std::size_t at = 0;
    std::uint64_t seen = unmask_words<4>(payload, wide_mask, text, at);
    seen |= unmask_words<1>(payload, wide_mask, text, at);
    for (; at < payload.size(); ++at) {
        text[at] = static_cast<char>(payload[at] ^ mask[at % mask_size]);
        seen |= static_cast<unsigned char>(text[at]);
    }
    return (seen & high_bits) == 0;
}

} // namespace

struct FrameDecoderCallbacks {
    static FrameDecoder &self(void *user_data) { return *static_cast<FrameDecoder *>(user_data); }

    // wslay is C, through which nothing may be thrown: feed() throws it again.
    template <typename Call>
    static void keep_failure_of(FrameDecoder &decoder, const Call &call) noexcept {
        try {
            call();
        } catch (...) {
            decoder.failure_ = std::current_exception();
            wslay_event_shutdown_read(decoder.context_);
        }
    }

    static void refuse(FrameDecoder &decoder, std::uint16_t code) {
        decoder.refused_ = true;
        wslay_event_queue_close(decoder.context_, code, nullptr, 0);
        wslay_event_shutdown_read(decoder.context_);
    }

    // Nothing of the frames that follow the one that is being read.
    static ssize_t recv(wslay_event_context_ptr context, std::uint8_t *buffer, std::size_t length,
                        int, void *user_data) {
        FrameDecoder &decoder = self(user_data);
        const FrameExtent extent = extent_of(decoder.frame_header_);
        const std::uint64_t wanted =
            decoder.frame_ended_ ? 0 : extent.known() - decoder.frame_given_;
        const auto bytes = decoder.input_.substr(
            0, static_cast<std::size_t>(std::min<std::uint64_t>(wanted, length)));
        if (bytes.empty()) {
            wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK);
            return -1;
        }
        std::memcpy(buffer, bytes.data(), bytes.size());
        if (!extent.payload)
            decoder.frame_header_.append(bytes);
        decoder.frame_given_ += bytes.size();
        decoder.input_.remove_prefix(bytes.size());
        return static_cast<ssize_t>(bytes.size());
    }

    static ssize_t send(wslay_event_context_ptr, const std::uint8_t *data, std::size_t length, int,
                        void *user_data) {
        FrameDecoder &decoder = self(user_data);
        keep_failure_of(decoder, [&] {
            decoder.replies_->append(reinterpret_cast<const char *>(data), length);
        });
        return static_cast<ssize_t>(length);
    }

    static void frame_start(wslay_event_context_ptr, const wslay_event_on_frame_recv_start_arg *arg,
                            void *user_data) {
        FrameDecoder &decoder = self(user_data);
        decoder.write_replies();
        const std::uint64_t length = arg->payload_length;
        decoder.in_control_frame_ = wslay_is_ctrl_frame(arg->opcode) != 0;
        if (!decoder.in_control_frame_) {
            decoder.in_message_ = true;
            decoder.too_big_ = length > decoder.sink_->message_size_max() - decoder.message_.size();
            if (decoder.too_big_)
                refuse(decoder, close_code::message_too_big);
        } else if (arg->opcode == WSLAY_CONNECTION_CLOSE && length == 1) {
            // Half a close code, which wslay would take for none.
            refuse(decoder, close_code::protocol_error);
        }
    }

    static void frame_chunk(wslay_event_context_ptr context,
                            const wslay_event_on_frame_recv_chunk_arg *arg, void *user_data) {
        FrameDecoder &decoder = self(user_data);
        if (!decoder.in_control_frame_ && wslay_event_get_read_enabled(context))
            keep_failure_of(decoder, [&] {
                decoder.message_.append(reinterpret_cast<const char *>(arg->data),
                                        arg->data_length);
            });
    }

    static void frame_end(wslay_event_context_ptr, void *user_data) {
        FrameDecoder &decoder = self(user_data);
        decoder.frame_given_ = 0;
        decoder.frame_header_.clear();
        decoder.frame_ended_ = true;
    }

    static void message(wslay_event_context_ptr context, const wslay_event_on_msg_recv_arg *arg,
                        void *user_data) {
        FrameDecoder &decoder = self(user_data);
        // What is owed for frames before this one goes out before anything that this one brings.
        decoder.write_replies();
        decoder.was_closed_ = arg->opcode == WSLAY_CONNECTION_CLOSE && !decoder.refused_;
        if (wslay_is_ctrl_frame(arg->opcode) || !wslay_event_get_read_enabled(context))
            return;
        decoder.in_message_ = false;
        keep_failure_of(decoder, [&] { decoder.hand_over_message(); });
    }
};

FrameDecoder::FrameDecoder() {
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
    // And so its limit would be one for single frames: the sink's is held against both.
    wslay_event_config_set_max_recv_msg_length(context_, std::numeric_limits<std::uint64_t>::max());
}

FrameDecoder::~FrameDecoder() { wslay_event_context_free(context_); }

FrameDecoder::State FrameDecoder::feed(std::string_view bytes, Sink &sink, std::string &replies) {
    input_ = bytes;
    sink_ = &sink;
    replies_ = &replies;
    bool failed = false;
    is_held_ = false;
    while (!failed && !is_held_ && !input_.empty() && wslay_event_get_read_enabled(context_)) {
        if (!take_whole_message())
            failed = !read_by_wslay();
    }
    if (failure_)
        std::rethrow_exception(failure_);
    if (failed) {
        // wslay would answer a frame that cannot be read with a close frame that gives no reason.
        replies.append(websocket_close(close_code::protocol_error));
    }
    if (!failed)
        write_replies();
    sink_ = nullptr;
    replies_ = nullptr;
    unread_ = std::exchange(input_, {});
    if (failed)
        return State::broken;
    if (!wslay_event_get_read_enabled(context_))
        return was_closed_ ? State::closed : State::broken;
    if (is_held_)
        return State::held;
    return frame_given_ == 0 && !in_message_ ? State::between_messages : State::inside_message;
}

std::size_t FrameDecoder::held_bytes() const {
    constexpr std::size_t of_wslay = std::size_t{4} << 10;
    return of_wslay + message_.capacity() + frame_header_.capacity();
}

// False, with nothing taken, for everything that is not as simple as that.
bool FrameDecoder::take_whole_message() {
    if (frame_given_ != 0 || in_message_)
        return false;
    const FrameExtent extent = extent_of(input_);
    if (!begins_with_whole_message(input_, extent) || *extent.payload > sink_->message_size_max())
        return false;
    const bool is_ascii =
        unmask(input_.substr(extent.header, static_cast<std::size_t>(*extent.payload)),
               input_.substr(extent.header - mask_size, mask_size), message_);
    if (byte_at(input_, 0) == final_frame::text && !is_ascii && !is_valid_utf8(message_)) {
        message_.clear();
        return false;
    }
    write_replies();
    input_.remove_prefix(static_cast<std::size_t>(extent.known()));
    hand_over_message();
    return true;
}

// The rest of a frame, or as much as there is of it.
bool FrameDecoder::read_by_wslay() {
    frame_ended_ = false;
    return wslay_event_recv(context_) == 0;
}

void FrameDecoder::hand_over_message() {
    const Wanted wanted = sink_->on_message(message_);
    if (wanted == Wanted::never)
        wslay_event_shutdown_read(context_);
    is_held_ = wanted == Wanted::later;
    constexpr std::size_t kept_capacity_max = std::size_t{16} << 10;
    if (message_.capacity() > kept_capacity_max)
        std::string().swap(message_);
    else
        message_.clear();
}

void FrameDecoder::write_replies() {
    while (wslay_event_want_write(context_) && wslay_event_send(context_) == 0) {
    }
}

std::unique_ptr<FrameDecoder> FrameDecoderPool::take() {
    if (spare_.empty())
        return std::make_unique<FrameDecoder>();
    auto decoder = std::move(spare_.back());
    spare_.pop_back();
    return decoder;
}

void FrameDecoderPool::give_back(std::unique_ptr<FrameDecoder> decoder) {
    if (spare_.size() < spare_max)
        spare_.push_back(std::move(decoder));
}

} // namespace webrocket
