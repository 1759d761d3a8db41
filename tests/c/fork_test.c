/* After fork(): a child's calls on its parent's handles do nothing, and hurt nobody. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "assertions.h"
#include "callbacks.h"
#include "stage.h"

/* In a child cmocka cannot speak: the exit status is the line of the check that failed. */
#define child_check(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            _exit(__LINE__ % 200 + 1);                                                             \
    } while (0)

/* Forks, lets the child do its part, and expects it to come to its end. */
#define in_a_child(...)                                                                            \
    do {                                                                                           \
        const pid_t child_ = fork();                                                               \
        assert_true(child_ >= 0);                                                                  \
        if (child_ == 0) {                                                                         \
            __VA_ARGS__;                                                                           \
            _exit(0);                                                                              \
        }                                                                                          \
        int status_ = 0;                                                                           \
        assert_int_equal(waitpid(child_, &status_, 0), child_);                                    \
        assert_int_equal(status_, 0);                                                              \
    } while (0)

static void use_client_in_child(kn_client *client) {
    kn_error *error = NULL;
    char *token = garbage;
    child_check(kn_client_open_channel(client, "news", &error) == KN_EFORK);
    child_check(kn_error_status(error) == KN_EFORK);
    kn_error_free(error);
    child_check(kn_client_close_channel(client, "news", NULL) == KN_EFORK);
    child_check(kn_client_trigger(client, "news", "hello", NULL, 0, NULL) == KN_EFORK);
    child_check(kn_client_request_token(client, "joe", ".*", &token, NULL) == KN_EFORK);
    child_check(token == NULL);
    kn_client_free(client);
}

static void a_client_stays_with_its_parent(void **state) {
    kn_client *client = client_on(*state);
    assert_ok(kn_client_open_channel, client, "news"); /* a connection is open now */
    in_a_child(use_client_in_child(client));
    assert_ok(kn_client_trigger, client, "news", "hello", NULL, 0);
    assert_ok(kn_client_close_channel, client, "news");
    kn_client_free(client);
}

static void make_client_in_child(const char *url) {
    kn_client *client = NULL;
    child_check(kn_client_new(url, NULL, &client, NULL) == KN_OK);
    child_check(kn_client_open_channel(client, "from-the-child", NULL) == KN_OK);
    kn_client_free(client);
}

static void a_child_may_have_handles_of_its_own(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    in_a_child(make_client_in_child(stage->url));
    assert_ok(kn_client_close_channel, client, "from-the-child");
    kn_client_free(client);
}

static void use_worker_in_child(kn_worker *worker, struct calls *calls) {
    kn_event *event = garbage;
    struct calls own = {0};
    child_check(kn_worker_next(worker, -1, &event, NULL) == KN_EFORK);
    child_check(event == NULL);
    child_check(kn_worker_run(worker, NULL) == KN_EFORK);
    child_check(kn_worker_dispatch(worker, NULL) == KN_EFORK);
    child_check(kn_worker_on(worker, "chat/save", count_event, &own, count_destroy, NULL) ==
                KN_EFORK);
    child_check(own.destroyed == 1); /* that data is the child's own */
    child_check(kn_worker_on_error(worker, count_error, &own, count_destroy, NULL) == KN_EFORK);
    child_check(own.destroyed == 2);
    child_check(kn_worker_interrupt(worker) == KN_EFORK);
    child_check(kn_worker_close(worker, -1, NULL) == KN_EFORK);
    child_check(kn_worker_fd(worker) == -1);
    kn_worker_free(worker);
    child_check(calls->destroyed == 0); /* and this is the parent's */
    child_check(calls->count == 0);
}

static void a_worker_stays_with_its_parent(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = NULL;
    struct calls calls = {0};
    assert_ok(kn_worker_new, stage->url, NULL, &worker);
    assert_ok(kn_worker_on, worker, "chat/save", interrupt_on_event, &calls, count_destroy);
    assert_ok(kn_worker_on_error, worker, count_error, &calls, count_destroy);
    connect_worker(worker);
    in_a_child(use_worker_in_child(worker, &calls));

    for (int i = 0; i < 3; ++i) { /* one alone may come by a timer of libcurl's */
        send_numbers(stage, "chat/save", 1);
        take_number(worker, 1);
    }
    calls.worker = worker;
    send_numbers(stage, "chat/save", 1);
    assert_says(KN_INTERRUPTED, kn_worker_run, worker); /* by its own handler alone */
    assert_int_equal(calls.count, 1);
    assert_int_equal(test_broker_workers(stage->broker, stage->vhost), 1);
    kn_worker_free(worker);
    assert_int_equal(calls.destroyed, 2);
}

static void use_event_in_child(kn_event *event) {
    child_check(strcmp(kn_event_topic(event), "chat/save") == 0);
    child_check(strcmp(kn_event_uid(event), "joe") == 0);
    child_check(kn_event_ack(event) == KN_EFORK);
    child_check(kn_event_nack(event, 0) == KN_EFORK);
    child_check(kn_event_defer(event) == KN_EFORK);
    kn_event_free(event);
}

static void an_event_can_be_read_but_not_answered(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage);
    send_numbers(stage, "chat/save", 1);
    kn_event *event = NULL;
    assert_ok(kn_worker_next, worker, PATIENCE_MS, &event);
    in_a_child(use_event_in_child(event));
    assert_status(KN_OK, kn_event_ack(event));
    kn_event_free(event);
    kn_worker_free(worker);
}

static void free_options_in_child(kn_options *options, struct calls *log) {
    kn_options_free(options);
    child_check(log->destroyed == 0);
}

/* Comes before there is any handle in this process. */
static void options_alone_know_their_process(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    struct calls log = {0};
    assert_status(KN_OK,
                  kn_options_set_log(options, KN_LOG_DEBUG, count_line, &log, count_destroy));
    in_a_child(free_options_in_child(options, &log));
    kn_options_free(options);
    assert_int_equal(log.destroyed, 1);
}

static void use_options_in_child(kn_options *options, struct calls *log) {
    kn_client *client = NULL;
    child_check(kn_client_new(test_unused_address(), options, &client, NULL) == KN_OK);
    child_check(kn_client_open_channel(client, "news", NULL) == KN_ECONNECT);
    kn_client_free(client);
    kn_options_free(options);
    child_check(log->destroyed == 0); /* the parent's callbacks are not run */
}

static void options_may_be_used_and_freed(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    struct calls log = {0};
    assert_status(KN_OK,
                  kn_options_set_log(options, KN_LOG_DEBUG, count_line, &log, count_destroy));
    in_a_child(use_options_in_child(options, &log));
    kn_options_free(options);
    assert_int_equal(log.destroyed, 1);
}

/* ---- Forked in a callback: the child is inside the call, too ---- */

/* What forks once, the first time that it is called, and hears how many calls there are. */
struct forking {
    kn_worker *worker; /* interrupted with the last call */
    int count;
    int last;
    pid_t child;
};

static void fork_once(struct forking *forking) {
    if (++forking->count == 1) {
        forking->child = fork();
        if (forking->child == 0)
            alarm(20); /* it has to come back, and to end */
    }
    if (forking->child != 0 && forking->count == forking->last)
        kn_worker_interrupt(forking->worker);
}

static void fork_on_event(kn_event *event, void *forking) {
    (void)event;
    fork_once(forking);
}

static void fork_on_error(const kn_error *error, void *forking) {
    (void)error;
    fork_once(forking);
}

static void close_and_fork_on_event(kn_event *event, void *forking) {
    (void)event;
    kn_worker_close(((struct forking *)forking)->worker, 0, NULL);
    fork_once(forking);
}

static void fork_on_result(const kn_result *result, void *forking) {
    (void)result;
    fork_once(forking);
}

static void fork_on_line(int32_t level, const char *message, void *forking) {
    (void)level;
    (void)message;
    fork_once(forking);
}

static void fork_on_destroy(void *forking) { fork_once(forking); }

/* The child leaves with what it was told; the parent waits for it. */
#define end_child(forking, ...)                                                                    \
    do {                                                                                           \
        if ((forking).child == 0) {                                                                \
            __VA_ARGS__;                                                                           \
            _exit(0);                                                                              \
        }                                                                                          \
        int status_ = 0;                                                                           \
        assert_true((forking).child > 0);                                                          \
        assert_int_equal(waitpid((forking).child, &status_, 0), (forking).child);                  \
        assert_int_equal(status_, 0);                                                              \
    } while (0)

static void leave_worker_in_child(kn_worker *worker, const struct forking *forking, kn_status said,
                                  kn_error *error) {
    child_check(said == KN_EFORK);
    child_check(kn_error_status(error) == KN_EFORK);
    child_check(forking->count == 1);
    kn_error_free(error);
    kn_worker_free(worker);
}

static void a_handler_may_fork(void **state) {
    struct stage *stage = *state;
    struct forking forking = {.worker = worker_at(stage->url), .last = 6};
    kn_worker *worker = forking.worker;
    assert_ok(kn_worker_on, worker, "chat/save", fork_on_event, &forking, NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 3);
    settle(stage); /* the child could hand over all three */
    kn_error *error = NULL;
    kn_status said = KN_OK;
    while (said == KN_OK && forking.count < 3) /* they need not come at once */
        said = kn_worker_dispatch(worker, &error);
    end_child(forking, leave_worker_in_child(worker, &forking, said, error));
    assert_true(said >= 0);
    send_numbers(stage, "chat/save", 3); /* the stream is still the parent's */
    assert_says(KN_INTERRUPTED, kn_worker_run, worker);
    assert_int_equal(forking.count, 6);
    assert_int_equal(test_broker_workers(stage->broker, stage->vhost), 1);
    kn_worker_free(worker);
}

static void a_handler_may_close_and_fork(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    struct calls log = {0};
    struct forking forking = {0};
    assert_status(KN_OK, kn_options_set_log(options, KN_LOG_INFO, count_line, &log, NULL));
    assert_ok(kn_worker_new, stage->url, options, &forking.worker);
    kn_options_free(options);
    kn_worker *worker = forking.worker;
    assert_ok(kn_worker_on, worker, "chat/save", close_and_fork_on_event, &forking, NULL);
    connect_worker(worker);
    const int before = log.count;
    send_numbers(stage, "chat/save", 1);
    kn_error *error = NULL;
    const kn_status said = kn_worker_run(worker, &error);
    end_child(forking, {
        child_check(log.count == before); /* to close it is left to the parent */
        leave_worker_in_child(worker, &forking, said, error);
    });
    assert_status(KN_CLOSED, said);
    assert_int_equal(log.count, before + 1);
    kn_worker_free(worker);
}

static void an_error_handler_may_fork(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    struct forking forking = {.worker = worker, .last = 1};
    assert_ok(kn_worker_on_error, worker, fork_on_error, &forking, NULL);
    kn_event *event = garbage;
    kn_error *error = NULL;
    const kn_status said = kn_worker_next(worker, -1, &event, &error);
    assert_null(event);
    end_child(forking, leave_worker_in_child(worker, &forking, said, error));
    assert_status(KN_INTERRUPTED, said);
    kn_worker_free(worker);
}

static void a_log_may_fork(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    struct forking forking = {.last = 1};
    assert_status(KN_OK, kn_options_set_log(options, KN_LOG_DEBUG, fork_on_line, &forking, NULL));
    assert_ok(kn_worker_new, stage->url, options, &forking.worker);
    kn_options_free(options);
    kn_worker *worker = forking.worker;
    kn_event *event = garbage;
    kn_error *error = NULL;
    const kn_status said =
        kn_worker_next(worker, -1, &event, &error); /* which tells of connecting */
    assert_null(event);
    end_child(forking, leave_worker_in_child(worker, &forking, said, error));
    assert_status(KN_INTERRUPTED, said);
    connect_worker(worker);
    assert_int_equal(test_broker_workers(stage->broker, stage->vhost), 1);
    kn_worker_free(worker);
}

static void leave_client_in_child(kn_client *client, const struct forking *forking, kn_status said,
                                  kn_error *error) {
    child_check(said == KN_EFORK);
    child_check(kn_error_status(error) == KN_EFORK);
    child_check(forking->count == 1);
    kn_error_free(error);
    kn_client_free(client);
}

static void fork_with(const struct stage *stage, kn_completion fn, void (*destroy)(void *)) {
    enum { CALLS = 3 };
    kn_client *client = client_on(stage);
    struct forking forking = {0};
    for (int i = 0; i < CALLS; ++i)
        assert_ok(kn_client_open_channel_async, client, "news", fn, &forking, destroy);
    kn_error *error = NULL;
    const kn_status said = kn_client_flush(client, PATIENCE_MS, &error);
    end_child(forking, leave_client_in_child(client, &forking, said, error));
    assert_status(KN_OK, said);
    assert_int_equal(forking.count, CALLS);
    assert_ok(kn_client_open_channel_async, client, "news", NULL, NULL, NULL);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    kn_client_free(client);
}

static void a_completion_may_fork(void **state) { fork_with(*state, fork_on_result, NULL); }

static void a_completion_s_destroy_may_fork(void **state) {
    fork_with(*state, NULL, fork_on_destroy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_alone_know_their_process),
        on_stage(a_client_stays_with_its_parent),
        on_stage(a_child_may_have_handles_of_its_own),
        on_stage(a_worker_stays_with_its_parent),
        on_stage(an_event_can_be_read_but_not_answered),
        cmocka_unit_test(options_may_be_used_and_freed),
        on_stage(a_handler_may_fork),
        on_stage(a_handler_may_close_and_fork),
        cmocka_unit_test(an_error_handler_may_fork),
        on_stage(a_log_may_fork),
        on_stage(a_completion_may_fork),
        on_stage(a_completion_s_destroy_may_fork),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
