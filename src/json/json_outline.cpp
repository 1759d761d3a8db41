#include "json/json_outline.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

namespace kn {
namespace {

/// Whether a string of JSON may hold @p c anywhere, but for the four digits of `\uXXXX`.
constexpr bool is_ordinary(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

/// The same of eight bytes.
bool are_ordinary(std::uint64_t bytes) noexcept {
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = 0x80 * ones;
    // Has its top bit set in some byte if one of @p word, all below 0x80, is less than @p limit.
    const auto below = [](std::uint64_t word, unsigned char limit) {
        return (word - limit * ones) & ~word;
    };
    const std::uint64_t special = bytes | below(bytes, 0x20) | below(bytes ^ ('"' * ones), 1) |
                                  below(bytes ^ ('\\' * ones), 1);
    return (special & tops) == 0;
}

std::size_t ordinary_at_start_of(std::string_view text) noexcept {
    std::size_t count = 0;
    for (std::uint64_t word; text.size() - count >= sizeof word; count += sizeof word) {
        std::memcpy(&word, text.data() + count, sizeof word);
        if (!are_ordinary(word))
            break;
    }
    while (count < text.size() && is_ordinary(text[count]))
        ++count;
    return count;
}

class outliner {
  public:
    explicit outliner(std::string_view text) : rest_(text) {}

    std::string outline() && {
        while (!rest_.empty()) {
            // Outside of strings everything stays, so the next quote is a string's.
            take(std::min(rest_.find('"'), rest_.size() - 1) + 1);
            take_string();
        }
        return std::move(outline_);
    }

  private:
    /// The rest of a string, after its opening quote.
    void take_string() {
        std::size_t kept = 1;
        while (!rest_.empty()) {
            const std::size_t run = ordinary_at_start_of(rest_);
            outline_ += rest_.substr(0, std::min(run, kept));
            rest_.remove_prefix(run);
            if (rest_.empty())
                return;
            const char next = rest_.front();
            const bool is_escape = next == '\\';
            take(is_escape ? std::min<std::size_t>(2, rest_.size()) : 1);
            if (next == '"')
                return;
            // One stays of each run, for it may keep the parts of a UTF-8 sequence apart; behind a
            // `\u`, the four digits and one that keeps the halves of a surrogate pair apart.
            kept = is_escape ? 5 : 1;
        }
    }

    void take(std::size_t count) {
        outline_ += rest_.substr(0, count);
        rest_.remove_prefix(count);
    }

    std::string_view rest_;
    std::string outline_;
};

} // namespace

std::string json_outline(std::string_view text) { return outliner(text).outline(); }

} // namespace kn
