#include "json/json.hpp"

#include <cstdlib>
#include <memory>
#include <new>

#include "base/failure.hpp"
#include "base/quoted.hpp"
#include "json/decode.hpp"
#include "json/json_outline.hpp"

namespace kn {

void require_json_object(std::string_view text, std::string_view event) {
    json_error_t why;
    // What jansson costs is by the byte, and most of them are inside of strings.
    json_ptr value = load_json(json_outline(text), why);
    if (!value)
        value = decode_json(text, why); // why not, and where
    if (!value)
        throw failure(KN_EJSON, "the data of the event" + quoted(event) + " is not JSON: " +
                                    why.text + " (line " + std::to_string(why.line) + ", column " +
                                    std::to_string(why.column) + ")");
    if (!json_is_object(value.get()))
        throw failure(KN_EJSON,
                      "the data of the event" + quoted(event) + " is JSON, but not an object");
}

std::string json_quoted(std::string_view text) {
    const json_ptr value(json_stringn(text.data(), text.size()));
    if (!value)
        throw std::bad_alloc();
    const std::unique_ptr<char, decltype(&std::free)> quoted(
        json_dumps(value.get(), JSON_ENCODE_ANY | JSON_COMPACT), &std::free);
    if (!quoted)
        throw std::bad_alloc();
    return quoted.get();
}

} // namespace kn
