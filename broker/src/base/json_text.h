// Strings as JSON has them: with their quotes, and with escapes.
#pragma once

#include <string>
#include <string_view>

namespace webrocket {

// The text of a scanned string (given with its quotes).
std::string decode_json_string(std::string_view quoted);
// In place of what `out` has.
void decode_json_string(std::string_view quoted, std::string &out);

// Whether a scanned key means `name`, escapes included: "\u0073id" is "sid".
bool json_key_is(std::string_view quoted, std::string_view name);

// `text` must be UTF-8.
void append_json_string(std::string &out, std::string_view text);
std::string json_string(std::string_view text);

} // namespace webrocket
