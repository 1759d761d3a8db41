#include <kosmonaut/worker.h>

#include "capi/boundary.h"
#include "capi/handles.h"
#include "worker/stats.h"

using kn::CancellationHold;
using kn::make_callback;
using kn::milliseconds;
using kn::UserDataOwner;
using kn::capi::copied;
using kn::capi::guarded;
using kn::capi::required;
using kn::capi::required_text;
using kn::capi::required_timeout;
using kn::capi::walled;
using Visit = kn::capi::Visit<kn_worker>;
using SeatedVisit = kn::capi::SeatedVisit<kn_worker>;

kn_status kn_worker_new(const char *url, const kn_options *options, kn_worker **worker,
                        kn_error **error) {
    return guarded(error, [&] {
        *required(worker, "the place for the worker") = nullptr;
        *worker = new kn_worker(required_text(url, "the URL"), kn::capi::settings_of(options));
        return KN_OK;
    });
}

void kn_worker_free(kn_worker *worker) { kn::capi::disown(worker); }

kn_status kn_worker_on(kn_worker *worker, const char *pattern, kn_handler fn, void *user_data,
                       void (*destroy)(void *), kn_error **error) {
    return guarded(error, [&] {
        UserDataOwner data(user_data, destroy);
        return Visit(worker)->on(required_text(pattern, "the pattern"),
                                 make_callback(fn, std::move(data)));
    });
}

kn_status kn_worker_on_error(kn_worker *worker, kn_error_handler fn, void *user_data,
                             void (*destroy)(void *), kn_error **error) {
    return guarded(error, [&] {
        UserDataOwner data(user_data, destroy);
        return Visit(worker)->on_error(make_callback(fn, std::move(data)));
    });
}

kn_status kn_worker_next(kn_worker *worker, int64_t timeout_ms, kn_event **event,
                         kn_error **error) {
    return walled(error, [&] {
        *required(event, "the place for the event") = nullptr;
        const milliseconds limit(required_timeout(timeout_ms));
        kn::EventPtr next;
        const SeatedVisit inside(worker);
        kn_status status = KN_OK;
        // What is there already takes no system call, so nobody could be cancelled in one.
        if (inside.has_seat())
            next = inside->ready_event();
        if (!next) {
            const CancellationHold hold;
            status = inside->next(limit, next, inside.has_seat());
        }
        *event = next.release();
        return status;
    });
}

kn_status kn_worker_run(kn_worker *worker, kn_error **error) {
    return guarded(error, [&] { return Visit(worker)->run(); });
}

kn_status kn_worker_dispatch(kn_worker *worker, kn_error **error) {
    return guarded(error, [&] { return Visit(worker)->dispatch(); });
}

int kn_worker_fd(const kn_worker *worker) {
    if (worker == nullptr || worker->generation != kn::process_generation())
        return -1;
    return worker->object.fd();
}

int32_t kn_worker_state(const kn_worker *worker) {
    return worker != nullptr ? worker->object.state() : static_cast<int32_t>(KN_WORKER_IDLE);
}

kn_status kn_worker_interrupt(kn_worker *worker) {
    // No guard and no visit: a signal handler may be calling.
    if (worker == nullptr)
        return KN_EINVAL;
    if (worker->generation != kn::process_generation())
        return KN_EFORK;
    worker->object.interrupt();
    return KN_OK;
}

kn_status kn_worker_close(kn_worker *worker, int64_t timeout_ms, kn_error **error) {
    return guarded(
        error, [&] { return Visit(worker)->close(milliseconds(required_timeout(timeout_ms))); });
}

int64_t kn_worker_events(const kn_worker *worker) {
    return worker != nullptr ? worker->object.metrics().events() : 0;
}

int64_t kn_worker_bytes(const kn_worker *worker) {
    return worker != nullptr ? worker->object.metrics().bytes() : 0;
}

int64_t kn_worker_reconnects(const kn_worker *worker) {
    return worker != nullptr ? worker->object.metrics().reconnects() : 0;
}

int64_t kn_worker_lag_ms(const kn_worker *worker) {
    return worker != nullptr ? worker->object.metrics().lag_ms() : 0;
}

kn_error *kn_worker_last_error(const kn_worker *worker) {
    if (worker == nullptr || worker->generation != kn::process_generation())
        return nullptr;
    return worker->object.metrics().last_error().release();
}

kn_status kn_worker_stats(kn_worker *worker, char **json, kn_error **error) {
    return guarded(error, [&] {
        *required(json, "the place for the text") = nullptr;
        const Visit inside(worker);
        *json = copied(kn::worker_stats(inside->metrics(), inside->state(), inside->ledger()));
        return KN_OK;
    });
}
