// Hexadecimal digits.
#pragma once

#include <cstdint>
#include <string_view>

namespace webrocket {

inline constexpr std::string_view hex_digits = "0123456789abcdef";

// -1 for what is no digit.
constexpr int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// Of a text that begins with four.
constexpr std::uint32_t four_hex_digits(std::string_view digits) {
    std::uint32_t code = 0;
    for (const char c : digits.substr(0, 4))
        code = code * 16 + static_cast<std::uint32_t>(hex_value(c));
    return code;
}

} // namespace webrocket
