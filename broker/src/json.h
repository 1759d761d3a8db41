// JSON as raw text. The broker relays values it never has to understand, and must not change them:
// 1.0 stays 1.0 and 1e400 stays 1e400. So a document is validated once and cut into members whose
// values remain spans of the original text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

inline constexpr std::size_t json_depth_max = 64;

enum class JsonType { object, array, string, number, boolean, null };

// What is JSON, and yet a document that many readers refuse as a whole, or that ends them.
enum class JsonFlaw {
    none,
    number, // beyond a double's range: too large, or taken for 0
    name    // with U+0000 in it
};

struct JsonMember {
    std::string_view key;   // with its quotes, as written
    std::string_view value; // as written
    JsonType type;
    JsonFlaw flaw = JsonFlaw::none; // the first one, in its name or however deep in its value
};

using JsonMembers = std::vector<JsonMember>;

// The members of a text that is one JSON object; nothing when the text is not valid UTF-8 JSON, is
// another kind of value or is nested deeper than depth_max. Duplicate keys are all listed.
std::optional<JsonMembers> scan_json_object(std::string_view text,
                                            std::size_t depth_max = json_depth_max);

// Elements of a text that is one JSON array.
std::optional<JsonMembers> scan_json_array(std::string_view text);

// The member called `name`, or null. Of a repeated key the last one counts, as in every JSON
// library.
const JsonMember *find_member(const JsonMembers &members, std::string_view name);

// For a sentence: what the value has.
std::string_view describe(JsonFlaw flaw);

// The text of a scanned string (given with its quotes).
std::string decode_json_string(std::string_view quoted);

// Whether a scanned key means `name`, escapes included: "\u0073id" is "sid".
bool json_key_is(std::string_view quoted, std::string_view name);

// `text` must be UTF-8.
void append_json_string(std::string &out, std::string_view text);
std::string json_string(std::string_view text);

bool is_valid_utf8(std::string_view text);

} // namespace webrocket
