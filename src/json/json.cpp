#include "json/json.h"

#include <cstdio>

#include "base/failure.h"
#include "base/quoted.h"
#include "json/decode.h"
#include "json/plain_object.h"

namespace kn {

void require_json_object(std::string_view text, std::string_view event) {
    if (is_plain_object(text))
        return;
    json_error_t why;
    const JsonPtr value = decode_json(text, why);
    if (!value)
        throw Failure(KN_EJSON, "the data of the event" + quoted(event) + " is not JSON: " +
                                    why.text + " (line " + std::to_string(why.line) + ", column " +
                                    std::to_string(why.column) + ")");
    if (!json_is_object(value.get()))
        throw Failure(KN_EJSON,
                      "the data of the event" + quoted(event) + " is JSON, but not an object");
}

std::string json_quoted(std::string_view text) {
    std::string quoted;
    quoted.reserve(text.size() + 2);
    quoted += '"';
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20) {
            char escape[8];
            std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
            quoted += escape;
            continue;
        }
        if (c == '"' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    quoted += '"';
    return quoted;
}

} // namespace kn
