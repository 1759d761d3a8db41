#pragma once

#include <string>
#include <string_view>

namespace kn {

/// Throws KN_EJSON unless @p text, the data of @p event, is a JSON object.
void require_json_object(std::string_view text, std::string_view event);

/// @p text as a JSON string, with its quotes.
std::string json_quoted(std::string_view text);

} // namespace kn
