#include "bridge.h"

#include "_cgo_export.h"

static void on_log(int32_t level, const char *message, void *handle) {
    kosmonautLog(level, (char *)message, (uintptr_t)handle);
}

static void on_error(const kn_error *error, void *handle) {
    kosmonautError((kn_error *)error, (uintptr_t)handle);
}

static void on_completion(const kn_result *result, void *handle) {
    kosmonautCompletion((kn_result *)result, (uintptr_t)handle);
}

static void on_destroy(void *handle) {
    if (handle != NULL) {
        kosmonautDestroy((uintptr_t)handle);
    }
}

static void never_called(kn_event *event, void *user_data) {
    (void)event;
    (void)user_data;
}

kn_status kn_go_options_set_log(kn_options *options, int32_t level, uintptr_t handle) {
    return kn_options_set_log(options, level, on_log, (void *)handle, on_destroy);
}

kn_status kn_go_worker_cover(kn_worker *worker, const char *pattern, kn_error **error) {
    return kn_worker_on(worker, pattern, never_called, NULL, NULL, error);
}

kn_status kn_go_worker_uncover(kn_worker *worker, const char *pattern, kn_error **error) {
    return kn_worker_on(worker, pattern, NULL, NULL, NULL, error);
}

kn_status kn_go_worker_on_error(kn_worker *worker, uintptr_t handle, kn_error **error) {
    return kn_worker_on_error(worker, handle != 0 ? on_error : NULL, (void *)handle, on_destroy,
                              error);
}

kn_status kn_go_open_channel_async(kn_client *client, const char *channel, uintptr_t handle,
                                   kn_error **error) {
    return kn_client_open_channel_async(client, channel, on_completion, (void *)handle, on_destroy,
                                        error);
}

kn_status kn_go_close_channel_async(kn_client *client, const char *channel, uintptr_t handle,
                                    kn_error **error) {
    return kn_client_close_channel_async(client, channel, on_completion, (void *)handle, on_destroy,
                                         error);
}

kn_status kn_go_trigger_async(kn_client *client, const char *channel, const char *event,
                              const char *data, size_t data_length, uintptr_t handle,
                              kn_error **error) {
    return kn_client_trigger_async(client, channel, event, data, data_length, on_completion,
                                   (void *)handle, on_destroy, error);
}

kn_status kn_go_request_token_async(kn_client *client, const char *uid, const char *channels,
                                    uintptr_t handle, kn_error **error) {
    return kn_client_request_token_async(client, uid, channels, on_completion, (void *)handle,
                                         on_destroy, error);
}

kn_status kn_go_trigger_batch_async(kn_client *client, const kn_batch *batch, uintptr_t handle,
                                    kn_error **error) {
    return kn_client_trigger_batch_async(client, batch, on_completion, (void *)handle, on_destroy,
                                         error);
}

kn_status kn_go_subscribers_async(kn_client *client, const char *channel, const char *after,
                                  int32_t limit, uintptr_t handle, kn_error **error) {
    return kn_client_subscribers_async(client, channel, after, limit, on_completion, (void *)handle,
                                       on_destroy, error);
}
