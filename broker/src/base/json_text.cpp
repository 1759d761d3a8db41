#include "base/json_text.h"

#include "base/byte_runs.h"
#include "base/hex.h"
#include "base/utf8.h"

#include <cstddef>
#include <cstdint>

namespace webrocket {
namespace {

// What an escape by number means, with the one behind it where they are a surrogate pair. Returns
// how long that is.
std::size_t append_code_point(std::string &out, std::string_view escape) {
    constexpr std::size_t length = 6;
    const std::uint32_t code = four_hex_digits(escape.substr(2));
    if (code < 0xd800 || code > 0xdbff) {
        append_utf8(out, code);
        return length;
    }
    const std::uint32_t low = four_hex_digits(escape.substr(length + 2));
    append_utf8(out, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00));
    return 2 * length;
}

// What the escape at the front of a scanned text means. Returns how long it is.
std::size_t append_unescaped(std::string &out, std::string_view text) {
    switch (text[1]) {
    case 'u':
        return append_code_point(out, text);
    case 'b':
        out.push_back('\b');
        break;
    case 'f':
        out.push_back('\f');
        break;
    case 'n':
        out.push_back('\n');
        break;
    case 'r':
        out.push_back('\r');
        break;
    case 't':
        out.push_back('\t');
        break;
    default:
        out.push_back(text[1]);
    }
    return 2;
}

bool stands_for_itself(char c) {
    return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
}

void append_escaped(std::string &out, char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        out.push_back('\\');
        out.push_back(c);
    } else {
        out.append("\\u00");
        out.push_back(hex_digits[byte >> 4]);
        out.push_back(hex_digits[byte & 0x0f]);
    }
}

} // namespace

std::string decode_json_string(std::string_view quoted) {
    std::string out;
    decode_json_string(quoted, out);
    return out;
}

void decode_json_string(std::string_view quoted, std::string &out) {
    auto rest = quoted.substr(1, quoted.size() - 2);
    auto plain = rest.substr(0, rest.find('\\'));
    out.assign(plain);
    while (plain.size() < rest.size()) {
        rest.remove_prefix(plain.size());
        rest.remove_prefix(append_unescaped(out, rest));
        plain = rest.substr(0, rest.find('\\'));
        out.append(plain);
    }
}

bool json_key_is(std::string_view quoted, std::string_view name) {
    const auto body = quoted.substr(1, quoted.size() - 2);
    // An escape is longer than what it stands for.
    if (body.size() < name.size() || (body.size() == name.size() && body != name))
        return false;
    const bool is_plain = body.find('\\') == std::string_view::npos;
    return is_plain ? body.size() == name.size() : decode_json_string(quoted) == name;
}

void append_json_string(std::string &out, std::string_view text) {
    out.push_back('"');
    while (!text.empty()) {
        std::size_t plain = plain_length(text);
        while (plain < text.size() && stands_for_itself(text[plain]))
            ++plain;
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (!text.empty()) {
            append_escaped(out, text.front());
            text.remove_prefix(1);
        }
    }
    out.push_back('"');
}

std::string json_string(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 2);
    append_json_string(out, text);
    return out;
}

} // namespace webrocket
