#include "base/quoted.h"

#include <algorithm>

#include "base/utf8.h"

namespace kn {
namespace {

constexpr std::size_t longest = 80;

bool is_hex_digit(char c) noexcept {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The broker's tokens are long rows of hexadecimal digits.
bool looks_like_token(std::string_view text) noexcept {
    constexpr std::size_t shortest_token = 32;
    std::size_t row = 0;
    for (const char c : text) {
        row = is_hex_digit(c) ? row + 1 : 0;
        if (row == shortest_token)
            return true;
    }
    return false;
}

bool may_be_secret(std::string_view text) noexcept {
    return text.find("://") != std::string_view::npos || text.find('@') != std::string_view::npos ||
           looks_like_token(text);
}

/// The longest beginning that ends with a whole character.
std::string_view shortened(std::string_view text) noexcept {
    text = text.substr(0, longest);
    while (!text.empty() && !is_utf8(text))
        text.remove_suffix(1);
    return text;
}

} // namespace

std::string quoted(std::string_view text) {
    if (text.empty() || may_be_secret(text))
        return "";
    const std::string_view shown = text.size() > longest ? shortened(text) : text;
    if (!is_utf8(shown) || shown.empty())
        return "";
    std::string out = " '";
    for (const char c : shown) {
        const auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7F ? '?' : c;
    }
    out += shown.size() < text.size() ? "…'" : "'";
    return out;
}

} // namespace kn
