#include "json/decode.h"

#include <new>
#include <utility>

namespace kn {
namespace {

// Integers of any size are numbers, and U+0000 is a character: both are JSON, so both are let
// through.
constexpr std::size_t decode_flags = JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;

} // namespace

JsonPtr load_json(std::string_view text, json_error_t &why) {
    return JsonPtr(json_loadb(text.data(), text.size(), decode_flags, &why));
}

JsonPtr decode_json(std::string_view text, json_error_t &why) {
    if (JsonPtr value = load_json(text, why))
        return value;
    // To jansson a token for which there is no memory is a malformed one. The text has not changed:
    // where memory was the reason, a second look finds more of it, or none from the beginning,
    // which has no number.
    JsonPtr value = load_json(text, why);
    const enum json_error_code code = json_error_code(&why);
    if (!value && (code == json_error_unknown || code == json_error_out_of_memory))
        throw std::bad_alloc();
    return value;
}

JsonPtr decode_object(std::string_view text) {
    json_error_t ignored;
    JsonPtr value = decode_json(text, ignored);
    return json_is_object(value.get()) ? std::move(value) : nullptr;
}

std::optional<std::string> text_member(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    if (!json_is_string(value))
        return std::nullopt;
    const std::string_view text(json_string_value(value), json_string_length(value));
    if (text.find('\0') != std::string_view::npos)
        return std::nullopt;
    return std::string(text);
}

// A string that jansson has no memory to extend lacks a character without a word: it has to stand
// in `source`, or to come out once more the same.
std::optional<std::string> exact_member(const json_t *object, const char *key,
                                        std::string_view source) {
    std::optional<std::string> text = text_member(object, key);
    if (text && source.find(*text) == std::string_view::npos) {
        json_error_t ignored;
        if (text_member(decode_json(source, ignored).get(), key) != text)
            throw std::bad_alloc();
    }
    return text;
}

std::int32_t positive_member(const json_t *object, const char *key) {
    // JSON_DECODE_INT_AS_REAL makes every number a real.
    const double value = json_number_value(json_object_get(object, key));
    return value >= 1 && value <= INT32_MAX ? static_cast<std::int32_t>(value) : 0;
}

} // namespace kn
