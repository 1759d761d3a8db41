#pragma once

#include <string>
#include <string_view>

namespace kn {

/// A JSON text without most of what its strings say. It is JSON, an array or an object, where the
/// text itself is, and only there; and to find that out takes a parser less time.
std::string json_outline(std::string_view text);

} // namespace kn
