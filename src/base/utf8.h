#pragma once

#include <string>
#include <string_view>

namespace kn {

bool is_utf8(std::string_view text) noexcept;

/// Appends @p bytes, with each maximal ill-formed part replaced by U+FFFD (WHATWG Encoding).
void append_decoded(std::string &out, std::string_view bytes);

} // namespace kn
