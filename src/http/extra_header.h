#pragma once

#include <string_view>

namespace kn {

/// A header of a request, and one that the library does not set itself. Throws KN_EINVAL with the
/// reason.
void require_extra_header(std::string_view name, std::string_view value);

} // namespace kn
