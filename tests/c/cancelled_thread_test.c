/* Threads that were cancelled before they call: they finish every call that they make. */
#include <pthread.h>

#include "assertions.h"
#include "callbacks.h"
#include "stage.h"

/* A thread that was cancelled before it calls, and what it calls. */
struct doomed {
    void (*call)(void *handle);
    void *handle;
    int came_back;
};

static void *call_while_cancelled(void *argument) {
    struct doomed *doomed = argument;
    pthread_cancel(pthread_self());
    doomed->call(doomed->handle);
    doomed->came_back = 1;
    pthread_testcancel();
    return NULL;
}

static void assert_finishes_first(void (*call)(void *), void *handle) {
    struct doomed doomed = {call, handle, 0};
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, call_while_cancelled, &doomed), 0);
    pthread_join(thread, &result);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_true(doomed.came_back);
}

static void interrupt_worker(void *worker) { kn_worker_interrupt(worker); }
static void watch_worker(void *worker) { kn_worker_fd(worker); }
static void close_worker(void *worker) { kn_worker_close(worker, 0, NULL); }
static void free_worker(void *worker) { kn_worker_free(worker); }
static void interrupt_client(void *client) { kn_client_interrupt(client); }
static void watch_client(void *client) { kn_client_fd(client); }
static void hand_in(void *client) {
    kn_client_open_channel_async(client, "a", NULL, NULL, NULL, NULL);
}
static void dispatch_client(void *client) { kn_client_dispatch(client, NULL); }
static void free_client(void *client) { kn_client_free(client); }
static void free_options(void *options) { kn_options_free(options); }

static void be_cancelled(void *calls) {
    pthread_testcancel();
    count_destroy(calls);
}

static void refuse_handler(void *calls) {
    kn_worker_on(NULL, "*/*", count_event, calls, be_cancelled, NULL);
}

static void a_cancelled_thread_finishes_every_call(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    kn_client *client = client_at(test_unused_address());
    assert_finishes_first(interrupt_worker, worker);
    assert_finishes_first(watch_worker, worker);
    assert_finishes_first(close_worker, worker);
    assert_finishes_first(free_worker, worker);
    assert_finishes_first(watch_client, client);
    assert_finishes_first(interrupt_client, client);
    assert_finishes_first(hand_in, client);
    assert_finishes_first(dispatch_client, client);
    assert_finishes_first(free_client, client);
}

static void a_cancelled_thread_finishes_its_destroy(void **state) {
    (void)state;
    struct calls log = {0}, handler = {0};
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_log(options, KN_LOG_DEBUG, count_line, &log, be_cancelled));
    assert_finishes_first(free_options, options);
    assert_int_equal(log.destroyed, 1);
    assert_finishes_first(refuse_handler, &handler);
    assert_int_equal(handler.destroyed, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_thread_finishes_every_call),
        cmocka_unit_test(a_cancelled_thread_finishes_its_destroy),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
