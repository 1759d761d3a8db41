#include "client/result.h"

kn_status kn_result_status(const kn_result *result) {
    return result != nullptr ? result->whole.status : KN_OK;
}

const kn_error *kn_result_error(const kn_result *result) {
    return result != nullptr ? result->whole.error.get() : nullptr;
}

const char *kn_result_token(const kn_result *result) {
    const auto *token = result != nullptr ? std::get_if<kn_result::Token>(&result->given) : nullptr;
    return token != nullptr ? token->c_str() : nullptr;
}

size_t kn_result_count(const kn_result *result) {
    return result != nullptr ? result->items.size() : 0;
}

kn_status kn_result_item_status(const kn_result *result, size_t index) {
    return index < kn_result_count(result) ? result->items[index].status : KN_EINVAL;
}

const kn_error *kn_result_item_error(const kn_result *result, size_t index) {
    return index < kn_result_count(result) ? result->items[index].error.get() : nullptr;
}

void kn_result_free(kn_result *result) { delete result; }
