#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kn {

// JSON in parts, as they were written. A part may hold what a browser said, which jansson refuses
// now and then, such as 1e400 or a name with U+0000: nothing in here looks further into it than to
// where it ends. What is cut out is UTF-8 if the whole is.

/// An object with one member cut out.
struct CutObject {
    std::string rest;      // with `null` in its place
    std::string_view part; // the member's value
};

/// Nothing unless @p object is one, as far as can be seen without decoding it, and has exactly one
/// member that is spelled @p name.
std::optional<CutObject> cut_member(std::string_view object, std::string_view name);

/// What stands in an object under each of @p names, as it was written, and empty where nothing
/// does. Of a name that is there several times the last one counts. Names are compared by what they
/// mean:
/// `"\u0075id"` is uid. Nothing unless @p object is one, as far as can be seen without decoding it.
std::optional<std::vector<std::string_view>>
member_values(std::string_view object, std::initializer_list<std::string_view> names);

/// The text of a JSON string that is given with its quotes; nothing if it is none.
std::optional<std::string> string_text(std::string_view quoted);

/// Nothing unless @p array is one, as far as can be seen without decoding it.
std::optional<std::vector<std::string_view>> array_elements(std::string_view array);

} // namespace kn
