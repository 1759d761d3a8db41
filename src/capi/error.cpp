#include <cstdlib>

#include "base/error.h"

kn_status kn_error_status(const kn_error *error) {
    return error != nullptr ? error->why.status() : KN_OK;
}

const char *kn_error_message(const kn_error *error) {
    return error != nullptr ? error->why.what() : "";
}

int32_t kn_error_http_status(const kn_error *error) {
    return error != nullptr ? error->why.http_status : 0;
}

int32_t kn_error_server_code(const kn_error *error) {
    return error != nullptr ? error->why.server_code : 0;
}

int64_t kn_error_retry_after_ms(const kn_error *error) {
    return error != nullptr ? error->why.retry_after_ms : -1;
}

void kn_error_free(kn_error *error) { kn::free_error(error); }

void kn_string_free(char *string) { std::free(string); }
