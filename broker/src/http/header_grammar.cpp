#include "http/header_grammar.h"

#include <algorithm>
#include <array>

namespace webrocket {
namespace {

constexpr std::string_view whitespace = " \t";

// Each header of each request asks for each of its characters.
constexpr auto token_characters = [] {
    std::array<bool, 256> of{};
    for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "0123456789!#$%&'*+-.^_`|~"))
        of[static_cast<unsigned char>(c)] = true;
    return of;
}();

bool is_token_character(char c) { return token_characters[static_cast<unsigned char>(c)]; }

// Reads its text from the front; what does not match is left where it is.
class ExtensionReader {
  public:
    explicit ExtensionReader(std::string_view text) : rest_(text) {}

    bool list() {
        do {
            skip_whitespace();
            if (!extension())
                return false;
            skip_whitespace();
        } while (sign(','));
        return rest_.empty();
    }

  private:
    bool extension() {
        if (!token())
            return false;
        skip_whitespace();
        while (sign(';')) {
            skip_whitespace();
            if (!parameter())
                return false;
            skip_whitespace();
        }
        return true;
    }

    bool parameter() {
        if (!token())
            return false;
        skip_whitespace();
        if (!sign('='))
            return true;
        skip_whitespace();
        return sign('"') ? token() && sign('"') : token();
    }

    bool token() {
        const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
        const auto length = static_cast<std::size_t>(end - rest_.begin());
        rest_.remove_prefix(length);
        return length > 0;
    }

    bool sign(char expected) {
        if (rest_.empty() || rest_.front() != expected)
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    void skip_whitespace() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(whitespace), rest_.size()));
    }

    std::string_view rest_;
};

} // namespace

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

bool is_extension_list(std::string_view text) { return ExtensionReader(text).list(); }

} // namespace webrocket
