#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <jansson.h>

namespace kn {

/// The body of a refusal: `{"error":"…","code":N}`. What is missing is "" and 0.
struct ServerError {
    std::string text;
    std::int32_t code = 0;
};
ServerError read_server_error(std::string_view body);
/// The same members of @p object, which may be NULL.
ServerError server_error_in(const json_t *object);

} // namespace kn
