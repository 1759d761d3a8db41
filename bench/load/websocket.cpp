#include "websocket.hpp"

#include "failure.hpp"

#include <array>

namespace {

// The example of RFC 6455: the answer to this key is known.
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept_key = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

constexpr std::array<char, 4> mask{'\x37', '\x15', '\x5a', '\x21'};

unsigned byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<unsigned char>(bytes[at]);
}

struct frame_head {
    std::size_t bytes; // 0: not all of it is there
    std::size_t payload_bytes;
};

frame_head read_head(std::string_view bytes) {
    if (bytes.size() < 2)
        return {0, 0};
    const std::size_t length = byte_at(bytes, 1);
    require(length < 128, "a server's frame is masked");
    if (length < 126)
        return {2, length};
    const std::size_t extended = length == 126 ? 2 : 8;
    if (bytes.size() < 2 + extended)
        return {0, 0};
    std::size_t payload_bytes = 0;
    for (std::size_t i = 0; i < extended; ++i)
        payload_bytes = payload_bytes << 8 | byte_at(bytes, 2 + i);
    return {2 + extended, payload_bytes};
}

} // namespace

websocket::websocket(poller &loop, int port, const std::string &path) : connection(loop, port) {
    send("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: " +
         std::string(key) + "\r\n\r\n");
}

void websocket::send_frame(opcode kind, std::string_view payload) {
    std::string frame;
    frame.reserve(payload.size() + 8);
    frame.push_back(static_cast<char>(0x80 | static_cast<unsigned>(kind)));
    require(payload.size() < 65536, "no message is that long");
    if (payload.size() < 126) {
        frame.push_back(static_cast<char>(0x80 | payload.size()));
    } else {
        frame.push_back(static_cast<char>(0x80 | 126));
        frame.push_back(static_cast<char>(payload.size() >> 8));
        frame.push_back(static_cast<char>(payload.size() & 0xff));
    }
    frame.append(mask.data(), mask.size());
    for (std::size_t i = 0; i < payload.size(); ++i)
        frame.push_back(static_cast<char>(payload[i] ^ mask[i % mask.size()]));
    send(frame);
}

std::size_t websocket::on_bytes(std::string_view bytes) {
    std::size_t used = 0;
    if (!is_open_) {
        used = on_answer(bytes);
        if (!is_open_)
            return used;
    }
    for (;;) {
        const std::string_view rest = bytes.substr(used);
        const frame_head head = read_head(rest);
        if (head.bytes == 0 || rest.size() < head.bytes + head.payload_bytes)
            return used;
        require((byte_at(rest, 0) & 0xf0) == 0x80, "a message in several frames, or reserved bits");
        on_frame(static_cast<opcode>(byte_at(rest, 0) & 0x0f),
                 rest.substr(head.bytes, head.payload_bytes));
        used += head.bytes + head.payload_bytes;
    }
}

std::size_t websocket::on_answer(std::string_view bytes) {
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos)
        return 0;
    const std::string_view head = bytes.substr(0, end);
    require(head.starts_with("HTTP/1.1 101 ") && head.find(accept_key) != std::string_view::npos,
            "no upgrade to WebSocket", head);
    is_open_ = true;
    on_open();
    return end + 4;
}

void websocket::on_frame(opcode kind, std::string_view payload) {
    switch (kind) {
    case opcode::text:
    case opcode::binary:
        on_message(payload);
        break;
    case opcode::ping:
        send_frame(opcode::pong, payload);
        break;
    case opcode::pong:
        break;
    default:
        fail("the server closed a WebSocket connection");
    }
}
