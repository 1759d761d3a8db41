/* worker.h: next and close, on one thread; what the worker is doing, and how it ends. */
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include "assertions.h"
#include "callbacks.h"
#include "pause.h"
#include "stage.h"

static void make_no_event_of(kn_event *event, void *user_data) {
    (void)event;
    (void)user_data;
}

/* ---- Making one, and arguments ---- */

static void a_bad_url_makes_no_worker(void **state) {
    (void)state;
    static const char *const urls[] = {"", "vhost", "ftp://wr:token@localhost/vhost",
                                       "http://wr:token@localhost",
                                       "http://wr:token@localhost/v\n"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; ++i) {
        kn_worker *worker = garbage;
        assert_fails(KN_EINVAL, kn_worker_new, urls[i], NULL, &worker);
        assert_null(worker);
    }
}

static void null_is_refused_everywhere(void **state) {
    (void)state;
    kn_worker *worker = garbage;
    assert_fails(KN_EINVAL, kn_worker_new, NULL, NULL, &worker);
    assert_null(worker);
    assert_fails(KN_EINVAL, kn_worker_new, test_unused_address(), NULL, NULL);
    kn_worker_free(NULL);

    kn_event *event = garbage;
    assert_fails(KN_EINVAL, kn_worker_next, NULL, 0, &event);
    assert_null(event);
    assert_fails(KN_EINVAL, kn_worker_on, NULL, "a/b", make_no_event_of, NULL, NULL);
    assert_fails(KN_EINVAL, kn_worker_on_error, NULL, count_error, NULL, NULL);
    assert_fails(KN_EINVAL, kn_worker_close, NULL, 0);
    assert_status(KN_EINVAL, kn_worker_run(NULL, NULL));
    assert_status(KN_EINVAL, kn_worker_dispatch(NULL, NULL));
    assert_status(KN_EINVAL, kn_worker_interrupt(NULL));
    assert_int_equal(kn_worker_fd(NULL), -1);
    assert_int_equal(kn_worker_state(NULL), KN_WORKER_IDLE);

    worker = worker_at(test_unused_address());
    assert_fails(KN_EINVAL, kn_worker_next, worker, 0, NULL);
    assert_fails(KN_EINVAL, kn_worker_on, worker, NULL, make_no_event_of, NULL, NULL);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_IDLE); /* none of it was a use */
    kn_worker_free(worker);
}

static void times_below_for_ever_are_refused(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    kn_event *event = garbage;
    assert_fails(KN_EINVAL, kn_worker_next, worker, -2, &event);
    assert_null(event);
    assert_fails(KN_EINVAL, kn_worker_next, worker, INT64_MIN, &event);
    assert_fails(KN_EINVAL, kn_worker_close, worker, -2);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_IDLE);
    kn_worker_free(worker);
}

static void states_are_those_of_the_abi(void **state) {
    (void)state;
    assert_int_equal(KN_WORKER_IDLE, 0);
    assert_int_equal(KN_WORKER_CONNECTING, 1);
    assert_int_equal(KN_WORKER_CONNECTED, 2);
    assert_int_equal(KN_WORKER_WAITING, 3);
    assert_int_equal(KN_WORKER_CLOSING, 4);
    assert_int_equal(KN_WORKER_CLOSED, 5);
}

/* ---- What it is doing ---- */

static void it_connects_on_first_use(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_IDLE);
    assert_int_equal(test_broker_workers(stage->broker, stage->vhost), 0);
    kn_event *event = garbage;
    assert_says(KN_AGAIN, kn_worker_next, worker, 0, &event);
    assert_null(event);
    assert_int_not_equal(kn_worker_state(worker), KN_WORKER_IDLE);
    connect_worker(worker);
    assert_int_equal(test_broker_workers(stage->broker, stage->vhost), 1);
    kn_worker_free(worker);
    wait_until(test_broker_workers(stage->broker, stage->vhost) == 0);
}

static void it_waits_between_two_tries(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    struct calls failures = {0};
    assert_ok(kn_worker_on_error, worker, count_error, &failures, NULL);
    kn_event *event = NULL;
    wait_until(kn_worker_next(worker, 1, &event, NULL) == KN_AGAIN && failures.count > 0);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_WAITING);
    assert_int_equal(failures.status, KN_ECONNECT);
    kn_worker_free(worker);
}

static void time_is_up_and_not_before(void **state) {
    kn_worker *worker = worker_on(*state);
    const int64_t begin = now_ms();
    kn_event *event = garbage;
    assert_says(KN_AGAIN, kn_worker_next, worker, 50, &event);
    assert_null(event);
    assert_true(now_ms() - begin >= 49); /* that clock is cut to whole milliseconds */
    kn_worker_free(worker);
}

/* ---- Events ---- */

static void events_come_in_order(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage);
    send_numbers(stage, "chat/save", 100);
    for (int i = 1; i <= 100; ++i)
        take_number(worker, i);
    kn_event *event = garbage;
    assert_says(KN_AGAIN, kn_worker_next, worker, 0, &event);
    assert_null(event);
    kn_worker_free(worker);
}

static void next_does_not_look_at_handlers(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls calls = {0};
    assert_ok(kn_worker_on, worker, "chat/save", count_event, &calls, NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 1);
    take_number(worker, 1);
    assert_int_equal(calls.count, 0);
    kn_worker_free(worker);
}

static void workers_with_the_same_filter_share_the_events(void **state) {
    struct stage *stage = *state;
    kn_worker *first = worker_on(stage);
    kn_worker *second = worker_on(stage);
    send_numbers(stage, "chat/save", 4);
    int seen[5] = {0};
    for (int i = 0; i < 4; ++i) {
        kn_event *event = NULL;
        assert_ok(kn_worker_next, i % 2 == 0 ? first : second, PATIENCE_MS, &event);
        const int number = number_in(event);
        assert_true(number >= 1 && number <= 4);
        assert_int_equal(seen[number]++, 0);
        kn_event_free(event);
    }
    kn_worker_free(first);
    kn_worker_free(second);
}

/* ---- Interrupts ---- */

static void an_interrupt_waits_for_the_next_call(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    assert_status(KN_OK, kn_worker_interrupt(worker));
    kn_event *event = garbage;
    assert_says(KN_INTERRUPTED, kn_worker_next, worker, -1, &event);
    assert_null(event);
    assert_says(KN_AGAIN, kn_worker_next, worker, 0, &event);
    kn_worker_free(worker);
}

static void several_interrupts_are_one(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    for (int i = 0; i < 3; ++i)
        assert_status(KN_OK, kn_worker_interrupt(worker));
    kn_event *event = NULL;
    assert_says(KN_INTERRUPTED, kn_worker_next, worker, 0, &event);
    assert_says(KN_AGAIN, kn_worker_next, worker, 0, &event);
    kn_worker_free(worker);
}

static void an_interrupt_goes_before_events_and_loses_none(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage);
    send_numbers(stage, "chat/save", 3);
    settle(stage);
    take_number(worker, 1); /* one read brings all three */
    kn_worker_interrupt(worker);
    kn_event *event = garbage;
    assert_says(KN_INTERRUPTED, kn_worker_next, worker, PATIENCE_MS, &event);
    assert_null(event);
    take_number(worker, 2);
    take_number(worker, 3);
    kn_worker_free(worker);
}

/* ---- The end ---- */

static void close_is_for_good(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage);
    send_numbers(stage, "chat/save", 2);
    take_number(worker, 1);
    assert_ok(kn_worker_close, worker, -1);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_CLOSED);
    assert_ok(kn_worker_close, worker, 0);
    for (int i = 0; i < 2; ++i) {
        kn_event *event = garbage;
        assert_says(KN_CLOSED, kn_worker_next, worker, -1, &event);
        assert_null(event);
        assert_status(KN_CLOSED, kn_worker_run(worker, NULL));
        assert_status(KN_CLOSED, kn_worker_dispatch(worker, NULL));
    }
    wait_until(test_broker_workers(stage->broker, stage->vhost) == 0);
    kn_worker_free(worker);
}

static void an_unused_worker_can_be_closed(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    assert_ok(kn_worker_close, worker, 0);
    kn_event *event = garbage;
    assert_says(KN_CLOSED, kn_worker_next, worker, -1, &event);
    assert_null(event);
    kn_worker_free(worker);
}

static void closed_goes_before_interrupted(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    assert_ok(kn_worker_close, worker, 0);
    assert_status(KN_OK, kn_worker_interrupt(worker));
    kn_event *event = NULL;
    assert_says(KN_CLOSED, kn_worker_next, worker, -1, &event);
    kn_worker_free(worker);
}

/* A fatal failure is told once, and then the worker is closed. */
static void check_fatal(kn_worker *worker, kn_status status) {
    kn_event *event = garbage;
    assert_fails(status, kn_worker_next, worker, PATIENCE_MS, &event);
    assert_null(event);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_CLOSED);
    event = garbage;
    assert_says(KN_CLOSED, kn_worker_next, worker, -1, &event);
    assert_null(event);
    assert_ok(kn_worker_close, worker, 0);
    kn_worker_free(worker);
}

static void a_wrong_token_is_fatal(void **state) {
    struct stage *stage = *state;
    char *wrong = strdup(stage->url);
    memcpy(strstr(wrong, "wr:") + 3, "0000", 4);
    check_fatal(worker_at(wrong), KN_EUNAUTHORIZED);
    free(wrong);
}

static void an_unknown_vhost_is_fatal(void **state) {
    struct stage *stage = *state;
    assert_true(test_broker_delete_vhost(stage->broker, stage->vhost));
    check_fatal(worker_at(stage->url), KN_ENOVHOST);
}

static void a_filter_that_is_none_is_fatal(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_filter(options, "chat/("));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, stage->url, options, &worker);
    kn_options_free(options);
    check_fatal(worker, KN_EBADREQUEST);
}

static void a_fatal_failure_comes_out_of_run_and_dispatch(void **state) {
    struct stage *stage = *state;
    assert_true(test_broker_delete_vhost(stage->broker, stage->vhost));
    kn_worker *worker = worker_at(stage->url);
    assert_ok(kn_worker_on, worker, "*/*", make_no_event_of, NULL, NULL);
    kn_error *error = NULL;
    assert_status(KN_ENOVHOST, kn_worker_run(worker, &error));
    assert_int_equal(kn_error_http_status(error), 404);
    kn_error_free(error);
    assert_status(KN_CLOSED, kn_worker_run(worker, NULL));
    kn_worker_free(worker);

    worker = worker_at(stage->url);
    assert_ok(kn_worker_on, worker, "*/*", make_no_event_of, NULL, NULL);
    kn_status said = KN_AGAIN;
    wait_until((said = kn_worker_dispatch(worker, NULL)) != KN_AGAIN);
    assert_status(KN_ENOVHOST, said);
    assert_status(KN_CLOSED, kn_worker_dispatch(worker, NULL));
    kn_worker_free(worker);
}

/* ---- Limits ---- */

static void without_descriptors_there_is_no_worker(void **state) {
    (void)state;
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    kn_worker *worker = garbage;
    kn_error *error = NULL;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    const kn_status said = kn_worker_new(test_unused_address(), NULL, &worker, &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_status(KN_ENOMEM, said);
    assert_status(KN_ENOMEM, kn_error_status(error));
    assert_null(worker);
    kn_error_free(error);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_url_makes_no_worker),
        cmocka_unit_test(null_is_refused_everywhere),
        cmocka_unit_test(times_below_for_ever_are_refused),
        cmocka_unit_test(states_are_those_of_the_abi),
        on_stage(it_connects_on_first_use),
        cmocka_unit_test(it_waits_between_two_tries),
        on_stage(time_is_up_and_not_before),
        on_stage(events_come_in_order),
        on_stage(next_does_not_look_at_handlers),
        on_stage(workers_with_the_same_filter_share_the_events),
        cmocka_unit_test(an_interrupt_waits_for_the_next_call),
        cmocka_unit_test(several_interrupts_are_one),
        on_stage(an_interrupt_goes_before_events_and_loses_none),
        on_stage(close_is_for_good),
        cmocka_unit_test(an_unused_worker_can_be_closed),
        cmocka_unit_test(closed_goes_before_interrupted),
        on_stage(a_wrong_token_is_fatal),
        on_stage(an_unknown_vhost_is_fatal),
        on_stage(a_filter_that_is_none_is_fatal),
        on_stage(a_fatal_failure_comes_out_of_run_and_dispatch),
        cmocka_unit_test(without_descriptors_there_is_no_worker),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
