#include "base/utf8.h"

#include <cstdint>
#include <cstring>

namespace kn {
namespace {

bool is_ascii(std::string_view text) noexcept {
    const char *p = text.data();
    std::size_t n = text.size();
    std::uint64_t seen = 0;
    const auto word = [&](std::size_t i) {
        std::uint64_t bytes;
        std::memcpy(&bytes, p + i, 8);
        return bytes;
    };
    for (; n >= 32; p += 32, n -= 32)
        seen |= word(0) | word(8) | word(16) | word(24);
    for (; n >= 8; p += 8, n -= 8)
        seen |= word(0);
    for (; n > 0; ++p, --n)
        seen |= static_cast<unsigned char>(*p);
    return (seen & 0x8080808080808080U) == 0;
}

struct Sequence {
    std::size_t length; // bytes taken, at least 1
    bool well_formed;
};

/// The well-formed sequence at the start of @p text, or the maximal part of one (Unicode, table
/// 3-7).
Sequence first_sequence(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80)
        return {1, true};
    if (lead < 0xC2 || lead > 0xF4)
        return {1, false};
    const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead == 0xE0)
        low = 0xA0;
    else if (lead == 0xED)
        high = 0x9F;
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F;
    for (std::size_t i = 1; i < length; ++i) {
        if (i >= text.size() || byte(i) < low || byte(i) > high)
            return {i, false};
        low = 0x80;
        high = 0xBF;
    }
    return {length, true};
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
    if (is_ascii(text))
        return true;
    while (!text.empty()) {
        const Sequence s = first_sequence(text);
        if (!s.well_formed)
            return false;
        text.remove_prefix(s.length);
    }
    return true;
}

void append_decoded(std::string &out, std::string_view bytes) {
    if (is_utf8(bytes)) {
        out.append(bytes);
        return;
    }
    while (!bytes.empty()) {
        const Sequence s = first_sequence(bytes);
        out.append(s.well_formed ? bytes.substr(0, s.length) : std::string_view("\xEF\xBF\xBD"));
        bytes.remove_prefix(s.length);
    }
}

} // namespace kn
