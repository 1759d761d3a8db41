// WebSocket frames to the broker, beside a second decoder that knows RFC 6455 and nothing of the
// first: whatever comes, in pieces of whatever size, makes the same messages, and the same
// connections end. What the broker answers are control frames, and well-formed.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expect.hpp"
#include "headed_input.hpp"
#include "pieces.hpp"
#include "websocket/frame_decoder.h"

namespace {

using webrocket::FrameDecoder;

constexpr std::size_t limit = 4096;

std::uint8_t byte_at(std::string_view text, std::size_t at) {
    return static_cast<std::uint8_t>(text[at]);
}

// ---- The second decoder ----

/// Whether some UTF-8 begins with it; or is it, when `complete`.
bool is_utf8(std::string_view text, bool complete) {
    for (std::size_t at = 0; at < text.size();) {
        const std::uint8_t lead = byte_at(text, at);
        std::size_t length = 1;
        std::uint32_t code = lead;
        if (lead >= 0xc0) {
            length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
            code = lead & (0x7fU >> length);
        }
        if ((lead >= 0x80 && lead < 0xc2) || lead > 0xf4)
            return false;
        // The smallest and the largest character that may still come of it.
        std::uint32_t least = code;
        std::uint32_t most = code;
        for (std::size_t i = 1; i < length; ++i) {
            if (at + i < text.size()) {
                const std::uint8_t next = byte_at(text, at + i);
                if (next < 0x80 || next > 0xbf)
                    return false;
                least = least << 6 | (next & 0x3fU);
                most = most << 6 | (next & 0x3fU);
            } else {
                least = least << 6;
                most = most << 6 | 0x3fU;
            }
        }
        const std::uint32_t shortest = length == 1   ? 0
                                       : length == 2 ? 0x80
                                       : length == 3 ? 0x800
                                                     : 0x10000;
        if (most < shortest || least > 0x10ffff || (least >= 0xd800 && most <= 0xdfff))
            return false;
        if (at + length > text.size())
            return !complete;
        at += length;
    }
    return true;
}

bool may_be_sent(unsigned code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

struct Outcome {
    std::vector<std::string> messages;
    bool ended = false;
    // A header that is wrong as far as it goes: that may be found out now, or once there is more.
    bool may_have_ended = false;
};

bool agree(const Outcome &expected, const Outcome &outcome) {
    return expected.messages == outcome.messages &&
           (expected.ended == outcome.ended || expected.may_have_ended);
}

/// A frame's header, as far as it is there.
struct Header {
    unsigned opcode;
    bool final;
    bool is_control;
    bool is_wrong;
    std::uint64_t size;
    std::size_t mask_at;
};

/// `inside`: a fragmented message has begun. `room`: for a frame with data.
Header read_header(std::string_view stream, bool inside, std::uint64_t room) {
    const std::uint8_t first = byte_at(stream, 0);
    const std::uint8_t second = byte_at(stream, 1);
    Header header{.opcode = first & 0x0fU,
                  .final = (first & 0x80) != 0,
                  .is_control = (first & 0x08) != 0,
                  .is_wrong = (first & 0x70) != 0 || (second & 0x80) == 0,
                  .size = second & 0x7fU,
                  .mask_at = 2};
    header.is_wrong = header.is_wrong || (header.opcode > 2 && header.opcode < 8) ||
                      header.opcode > 10 ||
                      (header.is_control && (!header.final || header.size > 125)) ||
                      (!header.is_control && (header.opcode == 0) != inside) ||
                      (header.opcode == 8 && header.size == 1);
    const std::size_t extended = header.size < 126 ? 0 : header.size == 126 ? 2 : 8;
    if (extended != 0 && stream.size() >= 2 + extended) {
        header.size = 0;
        for (std::size_t i = 0; i < extended; ++i)
            header.size = header.size << 8 | byte_at(stream, 2 + i);
        header.is_wrong = header.is_wrong || header.size < (extended == 2 ? 126U : 65536U) ||
                          header.size >> 63 != 0;
    }
    header.is_wrong = header.is_wrong || (!header.is_control && header.size > room);
    header.mask_at += extended;
    return header;
}

/// What is there of the payload, and it is taken from the stream.
std::string take_payload(std::string_view &stream, const Header &header) {
    const std::string_view mask = stream.substr(header.mask_at, 4);
    const std::size_t at = header.mask_at + 4;
    std::string payload(stream.substr(at, static_cast<std::size_t>(header.size)));
    for (std::size_t i = 0; i < payload.size(); ++i)
        payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
    stream.remove_prefix(at + payload.size());
    return payload;
}

Outcome decode_again(std::string_view stream) {
    Outcome outcome;
    std::string message;
    bool inside = false;
    bool is_text = false;
    const auto end = [&outcome] {
        outcome.ended = true;
        return outcome;
    };
    while (stream.size() >= 2) {
        const Header header = read_header(stream, inside, limit - message.size());
        if (stream.size() < header.mask_at + 4 + std::min<std::uint64_t>(header.size, 1)) {
            outcome.may_have_ended = header.is_wrong;
            break;
        }
        if (header.is_wrong)
            return end();
        const std::string payload = take_payload(stream, header);
        const bool complete = payload.size() == header.size;
        if (header.is_control) {
            if (!complete) {
                outcome.may_have_ended = header.opcode == 8; // its reason may be no UTF-8 already
                break;
            }
            if (header.opcode == 8)
                return end();
            continue;
        }
        if (!inside)
            is_text = header.opcode == 1;
        message += payload;
        if (is_text && !is_utf8(message, complete && header.final))
            return end();
        if (!complete)
            break;
        inside = !header.final;
        if (header.final) {
            outcome.messages.push_back(message);
            message.clear();
        }
    }
    return outcome;
}

// ---- The broker's ----

/// Returns the code of the close frame among them, 0 for one without, nothing if there is none.
std::optional<unsigned> expect_control_frames(std::string_view replies) {
    while (!replies.empty()) {
        expect(replies.size() >= 2);
        const std::uint8_t first = byte_at(replies, 0);
        const std::size_t size = byte_at(replies, 1);
        expect((first == 0x88 || first == 0x8a) && size <= 125 && replies.size() >= 2 + size);
        if (first == 0x88) {
            expect(replies.size() == 2 + size && size != 1); // the last one
            if (size == 0)
                return 0;
            const unsigned code = byte_at(replies, 2) * 256U + byte_at(replies, 3);
            expect(may_be_sent(code));
            return code;
        }
        replies.remove_prefix(2 + size);
    }
    return std::nullopt;
}

struct Messages final : FrameDecoder::Sink {
    std::vector<std::string> all;

    FrameDecoder::Wanted on_message(std::string_view message) override {
        expect(message.size() <= limit);
        all.emplace_back(message);
        return FrameDecoder::Wanted::now;
    }
    std::size_t message_size_max() const override { return limit; }
};

/// A decoder of which it is said that it keeps nothing: it takes the next connection.
void expect_unused(FrameDecoder &decoder) {
    Messages messages;
    std::string replies;
    expect(decoder.feed(std::string("\x81\x82\1\2\3\4zz", 8), messages, replies) ==
           FrameDecoder::State::between_messages);
    expect(messages.all == std::vector<std::string>{"{x"} && replies.empty());
}

Outcome decode(std::string_view stream, std::string_view sizes) {
    FrameDecoder decoder;
    Messages messages;
    std::string replies;
    Outcome outcome;
    FrameDecoder::State state = FrameDecoder::State::between_messages;
    for (pieces cut(stream, sizes); !cut.done() && !outcome.ended;) {
        // A copy of its own, so that whoever reads past its end is found out.
        const std::string piece(cut.next());
        state = decoder.feed(piece, messages, replies);
        outcome.ended =
            state == FrameDecoder::State::closed || state == FrameDecoder::State::broken;
    }
    outcome.messages = messages.all;
    expect(expect_control_frames(replies).has_value() == outcome.ended);
    if (state == FrameDecoder::State::between_messages)
        expect_unused(decoder);
    return outcome;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    // The first line says in which pieces the rest comes.
    const headed_input input({reinterpret_cast<const char *>(data), size});
    const Outcome expected = decode_again(input.rest);
    expect(agree(expected, decode(input.rest, {})));
    expect(agree(expected, decode(input.rest, input.line)));
    return 0;
}
