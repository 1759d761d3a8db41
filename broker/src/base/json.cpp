#include "base/json.h"

#include "base/hex.h"

#include <algorithm>
#include <array>
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

void append_escaped(std::string &out, char c) {
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
    Scanner(std::string_view text, const JsonWanted &wanted)
        : at_(text.data()), end_(text.data() + text.size()),
          depth_max_(std::min(wanted.depth_max, json_depth_max)),
          levels_(std::min(wanted.levels, json_levels_max)),
          second_level_max_(wanted.second_level_max) {
        constexpr std::size_t members_expected = 16;
        document_.list.reserve(members_expected);
    }

    std::optional<JsonDocument> scan(char opening) {
        skip_space();
        if (peek() != opening || !open() || !inside())
            return std::nullopt;
        return std::move(document_);
    }

  private:
    static_assert(json_depth_max <= 64, "the stack of open containers is one 64-bit word");

    enum class Value { invalid, scalar, container };

    char peek() const { return at_ < end_ ? *at_ : '\0'; }

    void skip_space() {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t'))
            ++at_;
    }

    bool in_object() const { return (open_objects_ & 1) != 0; }
    bool is_at_closing() const { return peek() == (in_object() ? '}' : ']'); }

    // From behind the opening of the outermost container to the end of the text, or to the member
    // that is one too many.
    bool inside() {
        bool may_be_empty = true;
        while (true) {
            skip_space();
            if (!may_be_empty || !is_at_closing()) {
                const Value read = item();
                if (read == Value::invalid)
                    return false;
                if (second_level_count_ > second_level_max_) {
                    document_.is_whole = false;
                    return true;
                }
                may_be_empty = read == Value::container;
                if (may_be_empty)
                    continue;
                skip_space();
            }
            close_containers();
            if (depth_ == 0)
                return at_ == end_;
            if (peek() != ',')
                return false;
            ++at_;
            may_be_empty = false;
        }
    }

    // A member or an element of the innermost container; of a container its opening.
    Value item() {
        const bool is_listed = depth_ <= levels_;
        if (is_listed)
            begin_member();
        if (in_object() && !name(is_listed))
            return Value::invalid;
        const char *const start = at_;
        if (is_listed)
            member_at(depth_).value = {start, 0};
        const std::size_t depth = depth_;
        const Value read = value();
        if (is_listed && read == Value::scalar)
            end_member(depth);
        return read;
    }

    // With the colon, up to the value.
    bool name(bool is_listed) {
        const char *const start = at_;
        has_nul_ = false;
        if (peek() != '"' || !string())
            return false;
        if (is_listed)
            member_at(depth_).key = span(start);
        if (has_nul_)
            note(JsonFlaw::name);
        skip_space();
        if (peek() != ':')
            return false;
        ++at_;
        skip_space();
        return true;
    }

    Value value() {
        switch (peek()) {
        case '{':
        case '[':
            return open() ? Value::container : Value::invalid;
        case '"':
            return scalar(string());
        case 't':
            return scalar(literal("true"));
        case 'f':
            return scalar(literal("false"));
        case 'n':
            return scalar(literal("null"));
        default:
            return scalar(number());
        }
    }

    static Value scalar(bool is_valid) { return is_valid ? Value::scalar : Value::invalid; }

    bool open() {
        if (depth_ == depth_max_)
            return false;
        open_objects_ = (open_objects_ << 1) | (*at_ == '{' ? 1U : 0U);
        ++depth_;
        ++at_;
        return true;
    }

    // As many as end here, with the space behind them.
    void close_containers() {
        while (depth_ > 0 && is_at_closing()) {
            ++at_;
            --depth_;
            open_objects_ >>= 1;
            if (depth_ > 0 && depth_ <= levels_)
                end_member(depth_);
            skip_space();
        }
    }

    std::string_view span(const char *start) const {
        return {start, static_cast<std::size_t>(at_ - start)};
    }

    // The one that is being read, of a container that is that deep.
    JsonMember &member_at(std::size_t depth) { return document_.list[present_[depth]]; }

    void begin_member() {
        present_[depth_] = document_.list.size();
        document_.list.emplace_back();
        second_level_count_ += depth_ == 2 ? 1 : 0;
    }

    void end_member(std::size_t depth) {
        JsonMember &member = member_at(depth);
        member.value = span(member.value.data());
        member.type = type_of(member.value.front());
        member.listed_inside =
            static_cast<std::uint32_t>(document_.list.size() - present_[depth] - 1);
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

    bool literal(std::string_view word) {
        if (std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, word.size()) !=
            word)
            return false;
        at_ += word.size();
        return true;
    }

    bool digits() {
        const char *const start = at_;
        while (peek() >= '0' && peek() <= '9')
            ++at_;
        return at_ > start;
    }

    // Of every member that it is in.
    void note(JsonFlaw flaw) {
        for (std::size_t depth = 1; depth <= std::min(depth_, levels_); ++depth) {
            if (member_at(depth).flaw == JsonFlaw::none)
                member_at(depth).flaw = flaw;
        }
    }

    bool number() {
        const char *const start = at_;
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
        constexpr std::ptrdiff_t length_always_in_range = 300;
        if ((has_exponent || at_ - start > length_always_in_range) && !is_in_range(start, at_))
            note(JsonFlaw::number);
        return true;
    }

    static bool is_in_range(const char *start, const char *end) {
        double value = 0;
        return std::from_chars(start, end, value).ec == std::errc();
    }

    // At its opening quote.
    bool string() {
        ++at_;
        while (true) {
            at_ += plain_length({at_, static_cast<std::size_t>(end_ - at_)});
            if (at_ == end_)
                return false;
            const auto byte = static_cast<unsigned char>(*at_);
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
                const std::size_t length =
                    utf8_sequence_length({at_, static_cast<std::size_t>(end_ - at_)});
                if (length == 0)
                    return false;
                at_ += length;
            }
        }
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
        constexpr std::ptrdiff_t length = 4;
        if (end_ - at_ < length || !std::all_of(at_, at_ + length, is_hex_digit))
            return false;
        code = four_hex_digits({at_, static_cast<std::size_t>(length)});
        at_ += length;
        has_nul_ = has_nul_ || code == 0;
        return true;
    }

    static bool is_hex_digit(char digit) { return hex_value(digit) >= 0; }

    const char *at_;
    const char *const end_;
    const std::size_t depth_max_;
    const std::size_t levels_;
    const std::size_t second_level_max_;
    std::size_t depth_ = 0;
    std::uint64_t open_objects_ = 0;
    bool has_nul_ = false; // whether the name that was read last has one
    std::size_t second_level_count_ = 0;
    std::array<std::size_t, json_levels_max + 1> present_{}; // by depth, in the list
    JsonDocument document_;
};

} // namespace

std::optional<JsonDocument> scan_json_object(std::string_view text, const JsonWanted &wanted) {
    return Scanner(text, wanted).scan('{');
}

std::optional<JsonDocument> scan_json_array(std::string_view text) {
    return Scanner(text, {}).scan('[');
}

JsonMembers members_of(const JsonMember &member) { return {&member + 1, member.listed_inside}; }

const JsonMember *find_member(const JsonMembers &members, std::string_view name) {
    const JsonMember *found = nullptr;
    for (const JsonMember &member : members) {
        if (json_key_is(member.key, name))
            found = &member;
    }
    return found;
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
    while (!text.empty()) {
        const std::size_t plain = plain_length(text);
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
