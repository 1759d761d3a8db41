#include <kosmonaut/batch.h>

#include "capi/boundary.hpp"
#include "capi/payload.hpp"
#include "client/batch.hpp"
#include "client/result.hpp"

using kn::capi::guarded;
using kn::capi::required;
using kn::capi::required_text;

kn_batch *kn_batch_new(void) { return kn::capi::made_or_null<kn_batch>(); }

void kn_batch_free(kn_batch *batch) { delete batch; }

kn_status kn_batch_add(kn_batch *batch, const char *channel, const char *event, const char *data,
                       size_t data_length) {
    return guarded([&] {
        required(batch, "the batch")
            ->add(required_text(channel, "the channel"), required_text(event, "the event"),
                  kn::capi::payload(data, data_length));
        return KN_OK;
    });
}

size_t kn_batch_count(const kn_batch *batch) { return batch != nullptr ? batch->size() : 0; }

void kn_batch_clear(kn_batch *batch) {
    if (batch != nullptr)
        batch->clear();
}

kn_status kn_result_status(const kn_result *result) {
    return result != nullptr ? result->whole.status : KN_OK;
}

const kn_error *kn_result_error(const kn_result *result) {
    return result != nullptr ? result->whole.error.get() : nullptr;
}

const char *kn_result_token(const kn_result *result) {
    return result != nullptr && result->token ? result->token->c_str() : nullptr;
}

const kn_subscribers *kn_result_subscribers(const kn_result *result) {
    return result != nullptr && result->subscribers ? &*result->subscribers : nullptr;
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
