// What a server's frames say.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// One behind the other, each of less than 64 KiB.
inline std::vector<std::string> messages_in(std::string_view frames) {
    const auto byte_at = [&frames](std::size_t at) {
        return static_cast<std::size_t>(static_cast<unsigned char>(frames[at]));
    };
    constexpr std::size_t extended = 126;
    std::vector<std::string> messages;
    while (!frames.empty()) {
        const bool is_short = byte_at(1) < extended;
        const std::size_t header = is_short ? 2 : 4;
        const std::size_t length = is_short ? byte_at(1) : byte_at(2) << 8 | byte_at(3);
        messages.emplace_back(frames.substr(header, length));
        frames.remove_prefix(header + length);
    }
    return messages;
}

} // namespace webrocket
