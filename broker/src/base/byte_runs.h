// How many bytes of a kind a text begins with, eight looked at together.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace webrocket {

constexpr std::uint64_t in_each_byte(std::uint64_t byte) { return byte * 0x0101010101010101U; }
inline constexpr std::uint64_t high_bits = in_each_byte(0x80);

// Calls `marked`, which sets the high bit of bytes to stop at, with eight bytes of the text at a
// time, and returns how many there are before the first of those; fewer where that is not to be
// had quickly, at most seven of them at the end of the text.
template <typename Marked>
std::size_t length_before(std::string_view text, const Marked &marked) {
    std::size_t at = 0;
    for (; text.size() - at >= sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, sizeof word);
        const std::uint64_t stops = marked(word) & high_bits;
        if (stops == 0)
            continue;
        if constexpr (std::endian::native == std::endian::little)
            at += static_cast<std::size_t>(std::countr_zero(stops)) / 8;
        break;
    }
    return at;
}

// What stands for itself in a string: ASCII that is neither a quote, a backslash nor a control
// character. A subtraction sets the high bit of a byte that is smaller than what is taken off; what
// it borrows may mark bytes behind that one, never before it.
inline std::size_t plain_length(std::string_view text) {
    return length_before(text, [](std::uint64_t word) {
        return word | (word - in_each_byte(0x20)) | ((word ^ in_each_byte('"')) - in_each_byte(1)) |
               ((word ^ in_each_byte('\\')) - in_each_byte(1));
    });
}

inline std::size_t ascii_length(std::string_view text) {
    return length_before(text, [](std::uint64_t word) { return word; });
}

} // namespace webrocket
