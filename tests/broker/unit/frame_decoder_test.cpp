// Incoming WebSocket frames: messages out of them however they are cut, and answers to bad ones.
#include "websocket/frame_decoder.h"

#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using webrocket::FrameDecoder;
using webrocket::FrameDecoderPool;
using State = FrameDecoder::State;

constexpr std::size_t message_size_max = 100'000;

enum Opcode { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// A frame as a browser sends it.
std::string frame(int opcode, const std::string &payload, bool final = true) {
    std::string out;
    const auto put = [&out](std::size_t byte) { out.push_back(static_cast<char>(byte & 0xff)); };
    put((final ? 0x80U : 0U) | static_cast<unsigned>(opcode));
    if (payload.size() < 126) {
        put(0x80 | payload.size());
    } else if (payload.size() <= 0xffff) {
        put(0x80 | 126);
        put(payload.size() >> 8);
        put(payload.size());
    } else {
        put(0x80 | 127);
        for (int shift = 56; shift >= 0; shift -= 8)
            put(payload.size() >> shift);
    }
    const std::string mask = "\x01\x02\x03\x04";
    out += mask;
    for (std::size_t i = 0; i < payload.size(); ++i)
        out.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
    return out;
}

std::string close_frame(int code) {
    return {'\x88', '\x02', static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
}

struct Reading final : FrameDecoder::Sink {
    FrameDecoder::Wanted on_message(std::string_view message) override {
        messages.emplace_back(message);
        if (messages.size() == held_behind)
            return FrameDecoder::Wanted::later;
        return messages.size() < messages_wanted ? FrameDecoder::Wanted::now
                                                 : FrameDecoder::Wanted::never;
    }
    std::size_t message_size_max() const override { return size_max; }
    State feed(std::string_view bytes) { return decoder.feed(bytes, *this, replies); }

    FrameDecoder decoder;
    std::size_t size_max = ::message_size_max;
    std::vector<std::string> messages;
    std::size_t messages_wanted = 1000;
    std::size_t held_behind = 1000;
    std::string replies;
};

TEST(frame_decoder, what_a_message_may_have_is_the_sinks_to_say) {
    const std::string part(500, 'x');
    for (const bool in_fragments : {false, true}) {
        Reading reading;
        reading.size_max = 1000;
        const std::string longest = in_fragments
                                        ? frame(text, part, false) + frame(continuation, part)
                                        : frame(text, part + part);
        const std::string longer = in_fragments
                                       ? frame(text, part, false) + frame(continuation, part + "x")
                                       : frame(text, part + part + "x");
        EXPECT_EQ(reading.feed(longest), State::between_messages);
        reading.size_max = 1001; // for the next one already
        EXPECT_EQ(reading.feed(longer), State::between_messages);
        reading.size_max = 1000;
        EXPECT_EQ(reading.feed(longer), State::broken);
        EXPECT_EQ(reading.replies, close_frame(1009));
        EXPECT_TRUE(reading.decoder.was_too_big());
    }
}

TEST(frame_decoder, messages) {
    Reading reading;
    EXPECT_EQ(reading.feed(frame(text, "one") + frame(binary, "two") + frame(text, "")),
              State::between_messages);
    EXPECT_EQ(reading.messages, (std::vector<std::string>{"one", "two", ""}));
    EXPECT_EQ(reading.replies, "");
}

TEST(frame_decoder, cut_anywhere) {
    const std::string large(70'000, 'x');
    const std::string bytes = frame(text, "one") + frame(ping, "p") + frame(text, "tw", false) +
                              frame(ping, "q") + frame(continuation, "o", false) +
                              frame(continuation, "") + frame(text, std::string(200, 'y'));
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        Reading reading;
        State state = State::between_messages;
        for (std::size_t at = 0; at < bytes.size(); at += step)
            state = reading.feed(std::string_view(bytes).substr(at, step));
        EXPECT_EQ(state, State::between_messages);
        EXPECT_EQ(reading.messages,
                  (std::vector<std::string>{"one", "two", std::string(200, 'y')}));
        EXPECT_EQ(reading.replies, "\x8a\x01p\x8a\x01q") << step;
    }
    Reading reading;
    EXPECT_EQ(reading.feed(frame(text, large)), State::between_messages);
    EXPECT_EQ(reading.messages, std::vector<std::string>{large});
}

TEST(frame_decoder, says_when_it_may_serve_another_connection) {
    const std::string bytes = frame(text, "one");
    for (std::size_t length = 1; length < bytes.size(); ++length) {
        Reading reading;
        EXPECT_EQ(reading.feed(bytes.substr(0, length)), State::inside_message) << length;
        EXPECT_EQ(reading.feed(bytes.substr(length)), State::between_messages) << length;
    }
    Reading fragments;
    EXPECT_EQ(fragments.feed(frame(text, "o", false)), State::inside_message);
    EXPECT_EQ(fragments.feed(frame(ping, "")), State::inside_message);
    EXPECT_EQ(fragments.feed(frame(continuation, "k")), State::between_messages);
    EXPECT_EQ(fragments.messages, std::vector<std::string>{"ok"});
}

TEST(frame_decoder, stops_when_the_reader_has_enough) {
    Reading reading;
    reading.messages_wanted = 2;
    EXPECT_EQ(reading.feed(frame(text, "1") + frame(text, "2") + frame(text, "3")), State::broken);
    EXPECT_EQ(reading.messages.size(), 2U);
}

TEST(frame_decoder, gives_back_what_the_reader_does_not_want_yet) {
    const std::string fragments = frame(text, "1", false) + frame(continuation, "2");
    for (const auto &first : {frame(text, "12"), fragments}) {
        Reading reading;
        reading.held_behind = 1;
        const std::string rest = frame(ping, "?") + frame(text, "3").substr(0, 4);
        const std::string bytes = first + rest;
        EXPECT_EQ(reading.feed(bytes), State::held);
        EXPECT_EQ(reading.decoder.unread(), rest);
        EXPECT_EQ(reading.messages, std::vector<std::string>{"12"});
        EXPECT_EQ(reading.replies, "");
        reading.held_behind = 1000;
        EXPECT_EQ(reading.feed(rest), State::inside_message);
        EXPECT_EQ(reading.replies.substr(0, 1), "\x8a");
    }
}

TEST(frame_decoder, what_the_reader_throws_comes_through) {
    struct Failing final : FrameDecoder::Sink {
        FrameDecoder::Wanted on_message(std::string_view) override {
            throw std::runtime_error("no memory");
        }
        std::size_t message_size_max() const override { return ::message_size_max; }
    };
    for (const auto &bytes :
         {frame(text, "whole"), frame(text, "in ", false) + frame(continuation, "pieces")}) {
        Failing failing;
        FrameDecoder decoder;
        std::string replies;
        EXPECT_THROW(decoder.feed(bytes, failing, replies), std::runtime_error);
    }
}

TEST(frame_decoder, answers_a_close_frame_with_its_code) {
    Reading reading;
    EXPECT_EQ(reading.feed(frame(close, "\x03\xe9"
                                        "bye") +
                           frame(text, "late")),
              State::closed);
    EXPECT_EQ(reading.replies.substr(0, 4), std::string("\x88\x05\x03\xe9"));
    EXPECT_TRUE(reading.messages.empty());
}

TEST(frame_decoder, limits_messages) {
    Reading exact;
    EXPECT_EQ(exact.feed(frame(text, std::string(message_size_max, 'x'))), State::between_messages);
    EXPECT_EQ(exact.messages.size(), 1U);
    Reading whole;
    EXPECT_EQ(whole.feed(frame(text, std::string(message_size_max + 1, 'x'))), State::broken);
    EXPECT_EQ(whole.replies, close_frame(1009));
    Reading pieces;
    EXPECT_EQ(pieces.feed(frame(text, std::string(message_size_max, 'x'), false)),
              State::inside_message);
    EXPECT_EQ(pieces.feed(frame(continuation, "x")), State::broken);
    EXPECT_EQ(pieces.replies, close_frame(1009));
    EXPECT_TRUE(pieces.messages.empty());
}

TEST(frame_decoder, violations) {
    using namespace std::string_literals;
    const std::pair<std::string, int> violations[] = {
        {"\x81\x01x"s, 1002},                               // not masked
        {"\xc1\x80\x01\x02\x03\x04"s, 1002},                // reserved bits
        {"\xa1\x80\x01\x02\x03\x04"s, 1002},                //
        {"\x91\x80\x01\x02\x03\x04"s, 1002},                //
        {frame(3, ""), 1002},                               // unknown opcodes
        {frame(15, ""), 1002},                              //
        {frame(continuation, "x"), 1002},                   // nothing to continue
        {frame(text, "x", false) + frame(text, "y"), 1002}, // two messages at once
        {frame(ping, std::string(126, 'x')), 1002},         // control frame too long
        {frame(ping, "", false), 1002},                     // control frame in pieces
        {"\x81\xfe\x00\x01\x01\x02\x03\x04x"s, 1002},       // length not in its shortest form
        {"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04"s, 1002}, // more than 63 bits
        {frame(close, "\x03"), 1002},                                        // half a close code
        {frame(close, "\x03\xed"), 1002},     // 1005, for internal use only
        {frame(close, "\x03\xe8\xff"), 1007}, // a reason that is no UTF-8
        {frame(text, "\xff"), 1007},          // text that is none
        {frame(text, "\xe2\x82"), 1007},      //
        {frame(text, "\xe2", false) + frame(continuation, "x"), 1007}};
    for (const auto &[bytes, code] : violations) {
        Reading reading;
        EXPECT_EQ(reading.feed(bytes), State::broken) << testing::PrintToString(bytes);
        EXPECT_EQ(reading.replies, close_frame(code)) << testing::PrintToString(bytes);
        EXPECT_TRUE(reading.messages.empty());
    }
}

TEST(frame_decoder, characters_may_be_cut_between_fragments) {
    Reading reading;
    EXPECT_EQ(reading.feed(frame(text, "\xe2\x82", false) + frame(continuation, "\xac")),
              State::between_messages);
    EXPECT_EQ(reading.messages, std::vector<std::string>{"\xe2\x82\xac"});
}

TEST(frame_decoder_pool, hands_out_what_it_was_given_back) {
    FrameDecoderPool pool;
    auto decoder = pool.take();
    FrameDecoder *address = decoder.get();
    pool.give_back(std::move(decoder));
    EXPECT_EQ(pool.take().get(), address);
    EXPECT_NE(pool.take(), nullptr);
}

} // namespace
