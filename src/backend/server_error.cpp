#include "backend/server_error.h"

#include "json/decode.h"

namespace kn {

ServerError server_error_in(const json_t *object) {
    return {text_member(object, "error").value_or(""), positive_member(object, "code")};
}

ServerError read_server_error(std::string_view body) {
    return server_error_in(decode_object(body).get());
}

} // namespace kn
