#include "base/json.h"

#include "base/byte_runs.h"
#include "base/hex.h"
#include "base/utf8.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace webrocket {
namespace {

// One pass over a document, without recursion: the kinds of the open containers are bits of one
// word, which is what bounds the depth.
class Scanner {
  public:
    Scanner(std::string_view text, const JsonWanted &wanted, JsonDocument &document)
        : at_(text.data()), end_(text.data() + text.size()),
          depth_max_(std::min(wanted.depth_max, json_depth_max)),
          levels_(std::min(wanted.levels, json_levels_max)),
          second_level_max_(wanted.second_level_max), document_(document) {
        constexpr std::size_t members_expected = 16;
        document_.list.clear();
        document_.list.reserve(members_expected);
        document_.is_whole = true;
    }

    bool scan(char opening) {
        skip_space();
        return peek() == opening && open() && inside();
    }

  private:
    static_assert(json_depth_max <= 64, "the stack of open containers is one 64-bit word");

    enum class Value { invalid, scalar, container };

    char peek() const { return at_ < end_ ? *at_ : '\0'; }

    // Mostly there is none: one look at a byte tells.
    void skip_space() {
        for (; at_ < end_ && static_cast<unsigned char>(*at_) <= ' '; ++at_) {
            if (*at_ == '\n' || *at_ == '\r')
                ++line_ends_;
            else if (*at_ != ' ' && *at_ != '\t')
                return;
        }
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
        const std::size_t depth = depth_;
        const Value read = value();
        if (is_listed && read == Value::scalar)
            set_value(member_at(depth), start);
        else if (is_listed && read == Value::container)
            begin_value(depth, start);
        return read;
    }

    // With the colon, up to the value.
    bool name(bool is_listed) {
        const char *const start = at_;
        has_nul_ = false;
        has_escape_ = false;
        if (peek() != '"' || !string())
            return false;
        if (is_listed) {
            JsonMember &member = document_.list.back();
            member.key = span(start);
            member.has_plain_key = !has_escape_;
        }
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
                end_value(depth_);
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

    void set_value(JsonMember &member, const char *start) const {
        member.value = span(start);
        member.type = type_of(*start);
    }

    // Of a container, whose end is not known yet.
    void begin_value(std::size_t depth, const char *start) {
        member_at(depth).value = {start, 0};
        line_ends_before_[depth] = line_ends_;
    }

    void end_value(std::size_t depth) {
        JsonMember &member = member_at(depth);
        set_value(member, member.value.data());
        member.has_line_end = line_ends_ != line_ends_before_[depth];
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
        const char *at = at_ + 1;
        while (true) {
            at += plain_length({at, static_cast<std::size_t>(end_ - at)});
            if (at == end_)
                return false;
            const auto byte = static_cast<unsigned char>(*at);
            if (byte == '"') {
                at_ = at + 1;
                return true;
            }
            if (byte < 0x20)
                return false;
            if (byte == '\\') {
                at_ = at;
                if (!escape())
                    return false;
                at = at_;
            } else if (byte < 0x80) {
                ++at;
            } else {
                const std::size_t length =
                    utf8_sequence_length({at, static_cast<std::size_t>(end_ - at)});
                if (length == 0)
                    return false;
                at += length;
            }
        }
    }

    // Half a surrogate pair is refused: it stands for no text, and whoever decodes it fails.
    bool escape() {
        has_escape_ = true;
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
    bool has_nul_ = false;    // whether the name that was read last has one
    bool has_escape_ = false; // likewise
    std::size_t second_level_count_ = 0;
    std::size_t line_ends_ = 0; // that were skipped as space
    // By depth, of the member that is being read: where it is in the list, and what was skipped
    // before its value.
    std::array<std::size_t, json_levels_max + 1> present_{};
    std::array<std::size_t, json_levels_max + 1> line_ends_before_{};
    JsonDocument &document_;
};

} // namespace

std::optional<JsonDocument> scan_json_object(std::string_view text, const JsonWanted &wanted) {
    std::optional<JsonDocument> document(std::in_place);
    if (!scan_json_object(text, wanted, *document))
        document.reset();
    return document;
}

bool scan_json_object(std::string_view text, const JsonWanted &wanted, JsonDocument &document) {
    return Scanner(text, wanted, document).scan('{');
}

std::optional<JsonDocument> scan_json_array(std::string_view text) {
    std::optional<JsonDocument> document(std::in_place);
    if (!Scanner(text, {}, *document).scan('['))
        document.reset();
    return document;
}

JsonMembers members_of(const JsonMember &member) { return {&member + 1, member.listed_inside}; }

const JsonMember *find_member(const JsonMembers &members, std::string_view name) {
    const JsonMember *found = nullptr;
    for (const JsonMember &member : members) {
        if (is_called(member, name))
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

} // namespace webrocket
