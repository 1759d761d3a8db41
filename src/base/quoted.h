#pragma once

#include <string>
#include <string_view>

namespace kn {

/// @p text for a message that says what it is about: in quotes and with a blank before, shortened,
/// and fit for one line. "" where there is nothing to show, and where it may be a secret that came
/// in the wrong place: a URL, which may hold a token, or what looks like a token.
std::string quoted(std::string_view text);

} // namespace kn
