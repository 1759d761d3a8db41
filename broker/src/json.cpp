#include "json.h"

#include "hex.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace webrocket {
namespace {

// Length of the UTF-8 sequence at the front of `s`, 0 if it is none (overlong forms, surrogates
// and code points past U+10FFFF included).
std::size_t utf8_sequence_length(std::string_view s) {
    const auto byte = [&s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xbf) {
        return i < s.size() && byte(i) >= low && byte(i) <= high;
    };
    const unsigned lead = byte(0);
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return follows(1) ? 2 : 0;
    if (lead >= 0xe0 && lead <= 0xef) {
        const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
        const unsigned high = lead == 0xed ? 0x9f : 0xbf;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
        const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

constexpr std::uint64_t in_each_byte(std::uint64_t byte) { return byte * 0x0101010101010101U; }
constexpr std::uint64_t high_bits = in_each_byte(0x80);

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
std::size_t plain_length(std::string_view text) {
    return length_before(text, [](std::uint64_t word) {
        return word | (word - in_each_byte(0x20)) | ((word ^ in_each_byte('"')) - in_each_byte(1)) |
               ((word ^ in_each_byte('\\')) - in_each_byte(1));
    });
}

std::size_t ascii_length(std::string_view text) {
    return length_before(text, [](std::uint64_t word) { return word; });
}

void append_utf8(std::string &out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xc0 | (code >> 6));
        put(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        put(0xe0 | (code >> 12));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    } else {
        put(0xf0 | (code >> 18));
        put(0x80 | ((code >> 12) & 0x3f));
        put(0x80 | ((code >> 6) & 0x3f));
        put(0x80 | (code & 0x3f));
    }
}

std::uint32_t four_hex_digits(std::string_view digits) {
    std::uint32_t code = 0;
    for (const char c : digits.substr(0, 4))
        code = code * 16 + static_cast<std::uint32_t>(hex_value(c));
    return code;
}

// One pass over a document, without recursion: the kinds of the open containers are bits of one
// word, which is what bounds the depth.
class Scanner {
  public:
    Scanner(std::string_view text, std::size_t depth_max)
        : text_(text), depth_max_(std::min(depth_max, json_depth_max)) {
        constexpr std::size_t members_expected = 8;
        members_.reserve(members_expected);
    }

    std::optional<JsonMembers> scan(char opening) {
        skip_space();
        if (peek() != opening || !value_start())
            return std::nullopt;
        while (depth_ > 0) {
            if (!step())
                return std::nullopt;
        }
        skip_space();
        if (at_ != text_.size())
            return std::nullopt;
        return std::move(members_);
    }

  private:
    static_assert(json_depth_max <= 64, "the stack of open containers is one 64-bit word");

    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

    void skip_space() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' ||
                                      text_[at_] == '\r' || text_[at_] == '\t'))
            ++at_;
    }

    bool in_object() const { return (open_objects_ & 1) != 0; }

    // One member or element of the innermost open container, or the end of that container.
    bool step() {
        skip_space();
        const char closing = in_object() ? '}' : ']';
        if (peek() == closing && !after_comma_) {
            ++at_;
            close_container();
            return true;
        }
        if (!first_ && !after_comma_) {
            if (peek() != ',')
                return false;
            ++at_;
            after_comma_ = true;
            return true;
        }
        first_ = false;
        after_comma_ = false;
        std::string_view key;
        if (in_object()) {
            const std::size_t key_start = at_;
            has_nul_ = false;
            if (!string())
                return false;
            key = text_.substr(key_start, at_ - key_start);
            if (has_nul_)
                note(JsonFlaw::name);
            skip_space();
            if (peek() != ':')
                return false;
            ++at_;
            skip_space();
        }
        const std::size_t start = at_;
        if (depth_ == 1) {
            top_key_ = key;
            top_start_ = start;
        }
        const std::size_t depth_before = depth_;
        if (!value_start())
            return false;
        if (depth_ == depth_before && depth_ == 1)
            add_member();
        return true;
    }

    void close_container() {
        --depth_;
        open_objects_ >>= 1;
        first_ = false;
        after_comma_ = false;
        if (depth_ == 1)
            add_member();
    }

    void add_member() {
        const auto value = text_.substr(top_start_, at_ - top_start_);
        members_.push_back({top_key_, value, type_of(value.front()), flaw_});
        flaw_ = JsonFlaw::none;
    }

    static JsonType type_of(char first) {
        switch (first) {
        case '{':
            return JsonType::object;
        case '[':
            return JsonType::array;
        case '"':
            return JsonType::string;
        case 't':
        case 'f':
            return JsonType::boolean;
        case 'n':
            return JsonType::null;
        default:
            return JsonType::number;
        }
    }

    // Consumes a whole scalar, or the opening of a container.
    bool value_start() {
        switch (peek()) {
        case '{':
        case '[':
            if (depth_ == depth_max_)
                return false;
            open_objects_ = (open_objects_ << 1) | (peek() == '{' ? 1U : 0U);
            ++depth_;
            ++at_;
            first_ = true;
            after_comma_ = false;
            return true;
        case '"':
            return string();
        case 't':
            return literal("true");
        case 'f':
            return literal("false");
        case 'n':
            return literal("null");
        default:
            return number();
        }
    }

    bool literal(std::string_view word) {
        if (text_.substr(at_, word.size()) != word)
            return false;
        at_ += word.size();
        return true;
    }

    bool digits() {
        const std::size_t start = at_;
        while (peek() >= '0' && peek() <= '9')
            ++at_;
        return at_ > start;
    }

    void note(JsonFlaw flaw) {
        if (flaw_ == JsonFlaw::none)
            flaw_ = flaw;
    }

    bool number() {
        const std::size_t start = at_;
        if (peek() == '-')
            ++at_;
        if (peek() == '0')
            ++at_;
        else if (!digits())
            return false;
        if (peek() == '.') {
            ++at_;
            if (!digits())
                return false;
        }
        bool has_exponent = false;
        if (peek() == 'e' || peek() == 'E') {
            has_exponent = true;
            ++at_;
            if (peek() == '+' || peek() == '-')
                ++at_;
            if (!digits())
                return false;
        }
        const auto written = text_.substr(start, at_ - start);
        constexpr std::size_t length_always_in_range = 300;
        if ((has_exponent || written.size() > length_always_in_range) && !is_in_range(written))
            note(JsonFlaw::number);
        return true;
    }

    static bool is_in_range(std::string_view number) {
        double value = 0;
        return std::from_chars(number.data(), number.data() + number.size(), value).ec ==
               std::errc();
    }

    bool string() {
        if (peek() != '"')
            return false;
        ++at_;
        while (at_ < text_.size()) {
            at_ += plain_length(text_.substr(at_));
            if (at_ == text_.size())
                return false;
            const auto byte = static_cast<unsigned char>(text_[at_]);
            if (byte == '"') {
                ++at_;
                return true;
            }
            if (byte < 0x20)
                return false;
            if (byte == '\\') {
                if (!escape())
                    return false;
            } else if (byte < 0x80) {
                ++at_;
            } else {
                const std::size_t length = utf8_sequence_length(text_.substr(at_, 4));
                if (length == 0)
                    return false;
                at_ += length;
            }
        }
        return false;
    }

    // Half a surrogate pair is refused: it stands for no text, and whoever decodes it fails.
    bool escape() {
        ++at_;
        const char kind = peek();
        if (kind != 'u') {
            if (kind == '\0' || std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos)
                return false;
            ++at_;
            return true;
        }
        ++at_;
        std::uint32_t code = 0;
        if (!unicode_escape(code) || (code >= 0xdc00 && code <= 0xdfff))
            return false;
        if (code < 0xd800 || code > 0xdbff)
            return true;
        std::uint32_t low = 0;
        return literal("\\u") && unicode_escape(low) && low >= 0xdc00 && low <= 0xdfff;
    }

    bool unicode_escape(std::uint32_t &code) {
        if (text_.size() - at_ < 4)
            return false;
        for (std::size_t i = 0; i < 4; ++i) {
            if (hex_value(text_[at_ + i]) < 0)
                return false;
        }
        code = four_hex_digits(text_.substr(at_, 4));
        at_ += 4;
        has_nul_ = has_nul_ || code == 0;
        return true;
    }

    std::string_view text_;
    std::size_t depth_max_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::uint64_t open_objects_ = 0;
    bool first_ = false;
    bool after_comma_ = false;
    JsonFlaw flaw_ = JsonFlaw::none; // of the outermost container's present member
    bool has_nul_ = false;           // whether the name that was read last has one
    std::string_view top_key_;
    std::size_t top_start_ = 0;
    JsonMembers members_;
};

} // namespace

std::optional<JsonMembers> scan_json_object(std::string_view text, std::size_t depth_max) {
    return Scanner(text, depth_max).scan('{');
}

std::optional<JsonMembers> scan_json_array(std::string_view text) {
    return Scanner(text, json_depth_max).scan('[');
}

const JsonMember *find_member(const JsonMembers &members, std::string_view name) {
    const auto found =
        std::find_if(members.rbegin(), members.rend(),
                     [name](const JsonMember &member) { return json_key_is(member.key, name); });
    return found == members.rend() ? nullptr : &*found;
}

std::string_view describe(JsonFlaw flaw) {
    switch (flaw) {
    case JsonFlaw::none:
        break;
    case JsonFlaw::number:
        return "a number beyond the range of a double";
    case JsonFlaw::name:
        return "a name with U+0000";
    }
    return "nothing amiss";
}

std::string decode_json_string(std::string_view quoted) {
    const auto body = quoted.substr(1, quoted.size() - 2);
    std::string out;
    out.reserve(body.size());
    for (std::size_t i = 0; i < body.size(); ++i) {
        if (body[i] != '\\') {
            out.push_back(body[i]);
            continue;
        }
        switch (body[++i]) {
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
        case 'u': {
            std::uint32_t code = four_hex_digits(body.substr(i + 1));
            i += 4;
            if (code >= 0xd800 && code <= 0xdbff) {
                const std::uint32_t low = four_hex_digits(body.substr(i + 3));
                i += 6;
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
            append_utf8(out, code);
            break;
        }
        default:
            out.push_back(body[i]);
        }
    }
    return out;
}

bool json_key_is(std::string_view quoted, std::string_view name) {
    const auto body = quoted.substr(1, quoted.size() - 2);
    // An escape is longer than what it stands for.
    if (body.size() < name.size() || (body.size() == name.size() && body != name))
        return false;
    const bool is_plain = body.find('\\') == std::string_view::npos;
    return is_plain ? body == name : decode_json_string(quoted) == name;
}

void append_json_string(std::string &out, std::string_view text) {
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20) {
            out.append("\\u00");
            out.push_back(hex_digits[byte >> 4]);
            out.push_back(hex_digits[byte & 0x0f]);
        } else {
            out.push_back(c);
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

bool is_valid_utf8(std::string_view text) {
    while (true) {
        text.remove_prefix(ascii_length(text));
        if (text.empty())
            return true;
        const std::size_t length = utf8_sequence_length(text);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
}

} // namespace webrocket
