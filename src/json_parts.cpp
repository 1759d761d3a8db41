#include "json_parts.hpp"

namespace kn {
namespace {

constexpr std::string_view spaces = " \t\n\r";

bool is_space(char c) noexcept { return spaces.find(c) != std::string_view::npos; }
bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20; }

/// Takes a text apart from its front. What fails has taken anything or nothing.
class part_reader {
  public:
    explicit part_reader(std::string_view text) : rest_(text) {}

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

} // namespace

std::optional<cut_object> cut_member(std::string_view object, std::string_view name) {
    part_reader reader(object);
    std::optional<std::string_view> found;
    if (!reader.take('{'))
        return std::nullopt;
    for (bool goes_on = !reader.take('}'); goes_on;) {
        const std::optional<std::string_view> key = reader.take_string();
        if (!key || !reader.take(':'))
            return std::nullopt;
        const std::optional<std::string_view> value = reader.take_value();
        if (!value)
            return std::nullopt;
        if (is_spelled(*key, name)) {
            if (found)
                return std::nullopt;
            found = value;
        }
        goes_on = reader.take(',');
        if (!goes_on && !reader.take('}'))
            return std::nullopt;
    }
    if (!found || !reader.is_at_end())
        return std::nullopt;
    const auto begin = static_cast<std::size_t>(found->data() - object.data());
    std::string rest(object.substr(0, begin));
    rest += "null";
    rest += object.substr(begin + found->size());
    return cut_object{std::move(rest), *found};
}

std::optional<std::vector<std::string_view>> array_elements(std::string_view array) {
    part_reader reader(array);
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
