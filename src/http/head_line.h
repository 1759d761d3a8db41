#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/ascii.h"

namespace kn {

inline std::string_view trimmed(std::string_view text) noexcept {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

/// What a line of an answer's head says of @p name; nothing when it is about something else.
inline std::optional<std::string_view> value_of(std::string_view name,
                                                std::string_view line) noexcept {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos ||
        !equals_ignoring_case(trimmed(line.substr(0, colon)), name))
        return std::nullopt;
    return trimmed(line.substr(colon + 1));
}

/// Whether words with blanks or commas between them have @p word among them.
inline bool lists(std::string_view words, std::string_view word) noexcept {
    constexpr std::string_view between = " \t,";
    for (;;) {
        words.remove_prefix(std::min(words.find_first_not_of(between), words.size()));
        if (words.empty())
            return false;
        const std::size_t end = std::min(words.find_first_of(between), words.size());
        if (equals_ignoring_case(words.substr(0, end), word))
            return true;
        words.remove_prefix(end);
    }
}

/// Whether a body with this `Content-Encoding` is not what it is taken for.
inline bool is_coded(std::string_view coding) noexcept {
    return !coding.empty() && !equals_ignoring_case(coding, "identity");
}

} // namespace kn
