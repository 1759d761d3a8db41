#include "websocket/frame.h"

#include <utility>

namespace webrocket {
namespace {

void append_header(std::string &out, unsigned first_byte, std::uint64_t length) {
    const auto put = [&out](std::uint64_t byte) {
        out.push_back(static_cast<char>(static_cast<unsigned char>(byte & 0xff)));
    };
    put(first_byte);
    if (length < 126) {
        put(length);
    } else if (length <= 0xffff) {
        put(126);
        put(length >> 8);
        put(length);
    } else {
        put(127);
        for (int shift = 56; shift >= 0; shift -= 8)
            put(length >> shift);
    }
}

} // namespace

std::string websocket_text(std::string payload) {
    std::string header;
    append_header(header, final_frame::text, payload.size());
    if (payload.capacity() - payload.size() >= header.size())
        return std::move(payload.insert(0, header));
    header.reserve(header.size() + payload.size());
    return header.append(payload);
}

std::string websocket_ping() {
    std::string out;
    append_header(out, final_frame::ping, 0);
    return out;
}

std::string websocket_close(std::uint16_t code) {
    std::string out;
    append_header(out, final_frame::close, 2);
    out.push_back(static_cast<char>(code >> 8));
    out.push_back(static_cast<char>(code & 0xff));
    return out;
}

} // namespace webrocket
