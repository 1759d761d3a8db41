#include <kosmonaut/batch.h>

#include "capi/boundary.h"
#include "capi/payload.h"
#include "client/batch.h"

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
