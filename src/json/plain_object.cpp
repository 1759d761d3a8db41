#include "json/plain_object.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/utf8.h"

namespace kn {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Whether none of eight bytes ends a run within a string: a control character, `"` or `\`.
bool are_ordinary(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = 0x80 * ones;
    // Has its top bit set in some byte if one of @p word is less than @p limit.
    const auto below = [](std::uint64_t word, unsigned char limit) {
        return (word - limit * ones) & ~word;
    };
    const std::uint64_t special =
        below(bytes, 0x20) | below(bytes ^ ('"' * ones), 1) | below(bytes ^ ('\\' * ones), 1);
    return (special & tops) == 0;
}

/// Goes through a text of UTF-8 once, from its front. What fails has taken anything or nothing.
class PlainScan {
  public:
    explicit PlainScan(std::string_view text) noexcept
        : at_(text.data()), end_(text.data() + text.size()) {}

    bool takes_object() noexcept {
        skip_spaces();
        if (!is_next('{'))
            return false;
        for (;;) {
            if (is_in_object() && !take_name())
                return false;
            if (is_next('{') || is_next('[')) {
                if (!open())
                    return false;
                skip_spaces();
                if (!is_next(closing()))
                    continue;
            } else if (!take_scalar()) {
                return false;
            }
            if (!close_what_ends())
                return false;
            if (depth_ == 0)
                return at_ == end_;
        }
    }

  private:
    /// Behind a value, up to the next one or the end of all. False: neither follows.
    bool close_what_ends() noexcept {
        for (;;) {
            skip_spaces();
            if (depth_ == 0)
                return true;
            if (take(',')) {
                skip_spaces();
                return true;
            }
            if (!take(closing()))
                return false;
            --depth_;
            kinds_ >>= 1;
        }
    }

    bool open() noexcept {
        constexpr int deepest = 64;
        if (depth_ == deepest)
            return false;
        ++depth_;
        kinds_ = kinds_ << 1 | (*at_++ == '{' ? 1 : 0);
        return true;
    }

    bool is_in_object() const noexcept { return (kinds_ & 1) != 0; }
    char closing() const noexcept { return is_in_object() ? '}' : ']'; }

    bool is_next(char c) const noexcept { return at_ != end_ && *at_ == c; }
    bool take(char c) noexcept {
        if (!is_next(c))
            return false;
        ++at_;
        return true;
    }

    void skip_spaces() noexcept {
        while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r'))
            ++at_;
    }

    bool take_name() noexcept {
        constexpr bool may_hold_nul = false; // to jansson, it may not
        if (!is_next('"') || !take_string(may_hold_nul))
            return false;
        skip_spaces();
        if (!take(':'))
            return false;
        skip_spaces();
        return true;
    }

    bool take_scalar() noexcept {
        if (at_ == end_)
            return false;
        switch (*at_) {
        case '"':
            return take_string(true);
        case 't':
            return take_word("true");
        case 'f':
            return take_word("false");
        case 'n':
            return take_word("null");
        default:
            return take_number();
        }
    }

    bool take_word(std::string_view word) noexcept {
        if (static_cast<std::size_t>(end_ - at_) < word.size() ||
            std::memcmp(at_, word.data(), word.size()) != 0)
            return false;
        at_ += word.size();
        return true;
    }

    bool take_string(bool may_hold_nul) noexcept {
        ++at_;
        for (;;) {
            skip_ordinary();
            if (at_ == end_)
                return false;
            const char c = *at_++;
            if (c == '"')
                return true;
            if (c != '\\' || !take_escape(may_hold_nul))
                return false;
        }
    }

    void skip_ordinary() noexcept {
        for (std::uint64_t word; end_ - at_ >= static_cast<std::ptrdiff_t>(sizeof word);
             at_ += sizeof word) {
            std::memcpy(&word, at_, sizeof word);
            if (!are_ordinary(word))
                break;
        }
        while (at_ != end_ && static_cast<unsigned char>(*at_) >= 0x20 && *at_ != '"' &&
               *at_ != '\\')
            ++at_;
    }

    bool take_escape(bool may_hold_nul) noexcept {
        if (at_ == end_)
            return false;
        const char c = *at_++;
        if (c != 'u')
            return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos;
        const int unit = take_unit();
        if (is_within(unit, 0xD800, 0xDBFF))
            return take('\\') && take('u') && is_within(take_unit(), 0xDC00, 0xDFFF);
        return unit > 0 ? !is_within(unit, 0xDC00, 0xDFFF) : unit == 0 && may_hold_nul;
    }

    static bool is_within(int unit, int least, int most) noexcept {
        return unit >= least && unit <= most;
    }

    /// Four digits' worth; -1 where there are none.
    int take_unit() noexcept {
        if (end_ - at_ < 4)
            return -1;
        int unit = 0;
        for (int i = 0; i < 4; ++i) {
            const char c = *at_++;
            const char lower = static_cast<char>(c | 0x20);
            if (!is_digit(c) && !is_within(lower, 'a', 'f'))
                return -1;
            unit = unit * 16 + (is_digit(c) ? c - '0' : lower - 'a' + 10);
        }
        return unit;
    }

    bool take_number() noexcept {
        constexpr std::ptrdiff_t most_digits = 100;
        constexpr std::ptrdiff_t most_of_exponent = 2;
        take('-');
        const std::ptrdiff_t whole = take('0') ? 1 : take_digits();
        const bool has_fraction = take('.');
        const std::ptrdiff_t fraction = has_fraction ? take_digits() : 0;
        if (whole == 0 || (has_fraction && fraction == 0) || whole + fraction > most_digits)
            return false;
        if (!take('e') && !take('E'))
            return true;
        if (!take('+'))
            take('-');
        const std::ptrdiff_t exponent = take_digits();
        return exponent > 0 && exponent <= most_of_exponent;
    }

    std::ptrdiff_t take_digits() noexcept {
        const char *const from = at_;
        while (at_ != end_ && is_digit(*at_))
            ++at_;
        return at_ - from;
    }

    const char *at_;
    const char *const end_;
    int depth_ = 0;
    std::uint64_t kinds_ = 0; // of what is open, the innermost last: 1 for an object
};

} // namespace

bool is_plain_object(std::string_view text) noexcept {
    return is_utf8(text) && PlainScan(text).takes_object();
}

} // namespace kn
