#pragma once

#include <string_view>

namespace kn {

/// Why @p text may not stand in a message, a header or a query; NULL where it may.
const char *complaint_of(std::string_view text) noexcept;

/// Text that a person or a program chose freely: UTF-8, not empty, no control characters. Throws
/// KN_EINVAL with the reason.
void require_text(std::string_view text, const char *what);

/// As require_text(), but may be empty.
void require_plain(std::string_view text, const char *what);

} // namespace kn
