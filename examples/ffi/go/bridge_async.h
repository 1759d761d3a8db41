/* Made of the headers in include/kosmonaut by scripts/generate; do not edit.
 *
 * The calls that are handed in, with a handle of runtime/cgo for the function that hears of the
 * end. */
#ifndef KOSMONAUT_GO_BRIDGE_ASYNC_H
#define KOSMONAUT_GO_BRIDGE_ASYNC_H

#include <stdint.h>

#include <kosmonaut/kosmonaut.h>

/* In bridge.c. */
void kn_go_on_completion(const kn_result *result, void *handle);
void kn_go_on_destroy(void *handle);

static inline kn_status kn_go_channels_async(kn_client *client, const char *prefix,
                                             const char *after, int32_t limit, uintptr_t handle,
                                             kn_error **error) {
    return kn_client_channels_async(client, prefix, after, limit, kn_go_on_completion,
                                    (void *)handle, kn_go_on_destroy, error);
}

static inline kn_status kn_go_open_channel_async(kn_client *client, const char *channel,
                                                 uintptr_t handle, kn_error **error) {
    return kn_client_open_channel_async(client, channel, kn_go_on_completion, (void *)handle,
                                        kn_go_on_destroy, error);
}

static inline kn_status kn_go_close_channel_async(kn_client *client, const char *channel,
                                                  uintptr_t handle, kn_error **error) {
    return kn_client_close_channel_async(client, channel, kn_go_on_completion, (void *)handle,
                                         kn_go_on_destroy, error);
}

static inline kn_status kn_go_trigger_async(kn_client *client, const char *channel,
                                            const char *event, const char *data, size_t data_length,
                                            uintptr_t handle, kn_error **error) {
    return kn_client_trigger_async(client, channel, event, data, data_length, kn_go_on_completion,
                                   (void *)handle, kn_go_on_destroy, error);
}

static inline kn_status kn_go_request_token_async(kn_client *client, const char *uid,
                                                  const char *channels, uintptr_t handle,
                                                  kn_error **error) {
    return kn_client_request_token_async(client, uid, channels, kn_go_on_completion, (void *)handle,
                                         kn_go_on_destroy, error);
}

static inline kn_status kn_go_trigger_batch_async(kn_client *client, const kn_batch *batch,
                                                  uintptr_t handle, kn_error **error) {
    return kn_client_trigger_batch_async(client, batch, kn_go_on_completion, (void *)handle,
                                         kn_go_on_destroy, error);
}

static inline kn_status kn_go_subscribers_async(kn_client *client, const char *channel,
                                                const char *after, int32_t limit, uintptr_t handle,
                                                kn_error **error) {
    return kn_client_subscribers_async(client, channel, after, limit, kn_go_on_completion,
                                       (void *)handle, kn_go_on_destroy, error);
}

#endif
