#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <jansson.h>

namespace kn {

struct Decref {
    void operator()(json_t *value) const noexcept { json_decref(value); }
};
using JsonPtr = std::unique_ptr<json_t, Decref>;

/// NULL and the reason in @p why when jansson cannot read @p text as an array or an object; that
/// it had no memory may be the reason.
JsonPtr load_json(std::string_view text, json_error_t &why);

/// NULL and the reason in @p why when @p text is no JSON array or object.
JsonPtr decode_json(std::string_view text, json_error_t &why);

/// NULL when @p text is no JSON object: for what another side sent, which is allowed to be wrong.
JsonPtr decode_object(std::string_view text);

/// The member @p key of @p object, where that is text without U+0000.
std::optional<std::string> text_member(const json_t *object, const char *key);

/// The same of text that others act on: @p source is what @p object was decoded from.
std::optional<std::string> exact_member(const json_t *object, const char *key,
                                        std::string_view source);

/// 0 where it is missing or no such number.
std::int32_t positive_member(const json_t *object, const char *key);

} // namespace kn
