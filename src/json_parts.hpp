#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kn {

// JSON in parts, as they were written. A part may hold what a browser said, which jansson refuses
// now and then, such as 1e400 or a name with U+0000: nothing in here looks further into it than to
// where it ends. What is cut out is UTF-8 if the whole is.

/// An object with one member cut out.
struct cut_object {
    std::string rest;      // with `null` in its place
    std::string_view part; // the member's value
};

/// Nothing unless @p object is one, as far as can be seen without decoding it, and has exactly one
/// member that is spelled @p name.
std::optional<cut_object> cut_member(std::string_view object, std::string_view name);

/// Nothing unless @p array is one, as far as can be seen without decoding it.
std::optional<std::vector<std::string_view>> array_elements(std::string_view array);

} // namespace kn
