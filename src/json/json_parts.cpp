#include "json/json_parts.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace kn {
namespace {

constexpr std::string_view spaces = " \t\n\r";

bool is_space(char c) noexcept { return spaces.find(c) != std::string_view::npos; }
bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20; }

/// Takes a text apart from its front. What fails has taken anything or nothing.
class PartReader {
  public:
    explicit PartReader(std::string_view text) : rest_(text) {}

    /// With the spaces on both sides.
    bool take(char c) {
        skip_spaces();
        if (rest_.empty() || rest_.front() != c)
            return false;
        rest_.remove_prefix(1);
        skip_spaces();
        return true;
    }

    std::optional<std::string_view> take_string() {
        return taken([this] { return pass_string(); });
    }
    std::optional<std::string_view> take_value() {
        return taken([this] { return pass_value(); });
    }

    bool is_at_end() const noexcept { return rest_.empty(); }

  private:
    template <class Pass>
    std::optional<std::string_view> taken(Pass &&pass) {
        const std::string_view from = rest_;
        if (!pass())
            return std::nullopt;
        return from.substr(0, from.size() - rest_.size());
    }

    void skip_spaces() {
        while (!rest_.empty() && is_space(rest_.front()))
            rest_.remove_prefix(1);
    }

    bool pass_string() {
        if (rest_.empty() || rest_.front() != '"')
            return false;
        for (std::size_t at = 1; at < rest_.size(); ++at) {
            const char c = rest_[at];
            if (is_control(c))
                return false;
            if (c == '\\') {
                ++at; // whatever it is, it is no quote
                if (at < rest_.size() && is_control(rest_[at]))
                    return false;
            } else if (c == '"') {
                rest_.remove_prefix(at + 1);
                return true;
            }
        }
        return false;
    }

    /// A number, or one of the three words, or nothing of the kind.
    bool pass_word() {
        const std::string_view from = rest_;
        while (!rest_.empty() && !is_control(rest_.front()) &&
               std::string_view(" \",:[]{}").find(rest_.front()) == std::string_view::npos)
            rest_.remove_prefix(1);
        return rest_.size() < from.size();
    }

    bool pass_value() {
        if (rest_.empty())
            return false;
        if (rest_.front() == '"')
            return pass_string();
        return rest_.front() == '{' || rest_.front() == '[' ? pass_container() : pass_word();
    }

    /// With a stack of its own: how deep a text goes is not the library's to say.
    bool pass_container() {
        std::string closings;
        do {
            if (rest_.empty())
                return false;
            const char c = rest_.front();
            if (c == '"') {
                if (!pass_string())
                    return false;
                continue;
            }
            if (is_control(c) && !is_space(c))
                return false;
            if (c == '{' || c == '[') {
                closings += c == '{' ? '}' : ']';
            } else if (c == '}' || c == ']') {
                if (closings.back() != c)
                    return false;
                closings.pop_back();
            }
            rest_.remove_prefix(1);
        } while (!closings.empty());
        return true;
    }

    std::string_view rest_;
};

bool is_spelled(std::string_view key, std::string_view name) noexcept {
    return key.substr(1, key.size() - 2) == name;
}

bool means(std::string_view key, std::string_view name) {
    return is_spelled(key, name) ||
           (key.find('\\') != std::string_view::npos && string_text(key) == name);
}

/// Calls @p visit with the name, in its quotes, and the value of each member. False unless
/// @p object is one, as far as can be seen.
template <class Visit>
bool visit_members(std::string_view object, Visit &&visit) {
    PartReader reader(object);
    if (!reader.take('{'))
        return false;
    for (bool goes_on = !reader.take('}'); goes_on;) {
        const std::optional<std::string_view> key = reader.take_string();
        if (!key || !reader.take(':'))
            return false;
        const std::optional<std::string_view> value = reader.take_value();
        if (!value)
            return false;
        visit(*key, *value);
        goes_on = reader.take(',');
        if (!goes_on && !reader.take('}'))
            return false;
    }
    return reader.is_at_end();
}

/// Takes what a string holds apart, from its front.
class TextReader {
  public:
    explicit TextReader(std::string_view body) : rest_(body) {}

    /// Nothing where something is no part of a string.
    std::optional<std::string> read() {
        while (!rest_.empty()) {
            const std::size_t plain = std::min(rest_.find('\\'), rest_.size());
            text_ += rest_.substr(0, plain);
            rest_.remove_prefix(plain);
            if (!rest_.empty() && !pass_escape())
                return std::nullopt;
        }
        return std::move(text_);
    }

  private:
    bool pass_escape() {
        constexpr std::string_view letters = "\"\\/bfnrt";
        constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        if (rest_.size() < 2)
            return false;
        if (rest_[1] == 'u')
            return pass_unicode();
        const std::size_t which = letters.find(rest_[1]);
        if (which == std::string_view::npos)
            return false;
        text_ += meanings[which];
        rest_.remove_prefix(2);
        return true;
    }

    bool pass_unicode() {
        std::optional<std::uint32_t> code = take_unit();
        if (code && *code >= 0xd800 && *code <= 0xdbff) {
            const std::optional<std::uint32_t> low = take_unit();
            if (!low || *low < 0xdc00 || *low > 0xdfff)
                return false;
            code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
        }
        if (!code || (*code >= 0xdc00 && *code <= 0xdfff))
            return false;
        append_utf8(*code);
        return true;
    }

    /// `\uXXXX`.
    std::optional<std::uint32_t> take_unit() {
        if (rest_.size() < 6 || rest_[0] != '\\' || rest_[1] != 'u')
            return std::nullopt;
        std::uint32_t unit = 0;
        const char *end = rest_.data() + 6;
        const auto [stop, problem] = std::from_chars(rest_.data() + 2, end, unit, 16);
        if (problem != std::errc() || stop != end)
            return std::nullopt;
        rest_.remove_prefix(6);
        return unit;
    }

    void append_utf8(std::uint32_t code) {
        const auto tail = [this](std::uint32_t bits) {
            text_ += static_cast<char>(0x80 | (bits & 0x3f));
        };
        if (code < 0x80) {
            text_ += static_cast<char>(code);
        } else if (code < 0x800) {
            text_ += static_cast<char>(0xc0 | (code >> 6));
            tail(code);
        } else if (code < 0x10000) {
            text_ += static_cast<char>(0xe0 | (code >> 12));
            tail(code >> 6);
            tail(code);
        } else {
            text_ += static_cast<char>(0xf0 | (code >> 18));
            tail(code >> 12);
            tail(code >> 6);
            tail(code);
        }
    }

    std::string_view rest_;
    std::string text_;
};

} // namespace

std::optional<std::string> string_text(std::string_view quoted) {
    if (quoted.size() < 2 || quoted.front() != '"' || quoted.back() != '"')
        return std::nullopt;
    return TextReader(quoted.substr(1, quoted.size() - 2)).read();
}

std::optional<std::vector<std::string_view>>
member_values(std::string_view object, std::initializer_list<std::string_view> names) {
    std::vector<std::string_view> found(names.size());
    const bool is_object = visit_members(object, [&](std::string_view key, std::string_view value) {
        for (std::size_t i = 0; i < found.size(); ++i) {
            if (means(key, names.begin()[i]))
                found[i] = value;
        }
    });
    if (!is_object)
        return std::nullopt;
    return found;
}

std::optional<CutObject> cut_member(std::string_view object, std::string_view name) {
    std::optional<std::string_view> found;
    bool is_there_twice = false;
    const bool is_object = visit_members(object, [&](std::string_view key, std::string_view value) {
        if (!is_spelled(key, name))
            return;
        is_there_twice = is_there_twice || found.has_value();
        found = value;
    });
    if (!is_object || !found || is_there_twice)
        return std::nullopt;
    const auto begin = static_cast<std::size_t>(found->data() - object.data());
    std::string rest(object.substr(0, begin));
    rest += "null";
    rest += object.substr(begin + found->size());
    return CutObject{std::move(rest), *found};
}

std::optional<std::vector<std::string_view>> array_elements(std::string_view array) {
    PartReader reader(array);
    std::vector<std::string_view> elements;
    if (!reader.take('['))
        return std::nullopt;
    for (bool goes_on = !reader.take(']'); goes_on;) {
        const std::optional<std::string_view> element = reader.take_value();
        if (!element)
            return std::nullopt;
        elements.push_back(*element);
        goes_on = reader.take(',');
        if (!goes_on && !reader.take(']'))
            return std::nullopt;
    }
    if (!reader.is_at_end())
        return std::nullopt;
    return elements;
}

} // namespace kn
