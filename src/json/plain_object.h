#pragma once

#include <string_view>

namespace kn {

/// Whether @p text is a JSON object of the plain kind: at most 64 deep, its numbers of at most a
/// hundred digits and with exponents of at most two. To find that out takes no memory. What is not
/// plain may be JSON all the same, which jansson has to say.
bool is_plain_object(std::string_view text) noexcept;

} // namespace kn
