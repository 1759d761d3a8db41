#include "bridge.h"
#include "bridge_async.h"

#include "_cgo_export.h"

static void on_log(int32_t level, const char *message, void *handle) {
    kosmonautLog(level, (char *)message, (uintptr_t)handle);
}

static void on_error(const kn_error *error, void *handle) {
    kosmonautError((kn_error *)error, (uintptr_t)handle);
}

void kn_go_on_completion(const kn_result *result, void *handle) {
    kosmonautCompletion((kn_result *)result, (uintptr_t)handle);
}

void kn_go_on_destroy(void *handle) {
    if (handle != NULL) {
        kosmonautDestroy((uintptr_t)handle);
    }
}

static void never_called(kn_event *event, void *user_data) {
    (void)event;
    (void)user_data;
}

kn_status kn_go_options_set_log(kn_options *options, int32_t level, uintptr_t handle) {
    return kn_options_set_log(options, level, on_log, (void *)handle, kn_go_on_destroy);
}

kn_status kn_go_worker_cover(kn_worker *worker, const char *pattern, kn_error **error) {
    return kn_worker_on(worker, pattern, never_called, NULL, NULL, error);
}

kn_status kn_go_worker_uncover(kn_worker *worker, const char *pattern, kn_error **error) {
    return kn_worker_on(worker, pattern, NULL, NULL, NULL, error);
}

kn_status kn_go_worker_on_error(kn_worker *worker, uintptr_t handle, kn_error **error) {
    return kn_worker_on_error(worker, handle != 0 ? on_error : NULL, (void *)handle,
                              kn_go_on_destroy, error);
}
