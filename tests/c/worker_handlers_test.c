/* worker.h: on_error, run and dispatch; what callbacks may do, and when their data ends. */
#include <string.h>

#include "assertions.h"
#include "callbacks.h"
#include "pause.h"
#include "stage.h"

/* Calls dispatch until it said something else than "nothing was ready". */
static kn_status dispatch_something(kn_worker *worker) {
    kn_status said = KN_AGAIN;
    wait_until((said = kn_worker_dispatch(worker, NULL)) != KN_AGAIN);
    return said;
}

/* ---- Handing over ---- */

/* Handlers write their mark into one line. */
struct mark {
    char *line;
    char letter;
};

static void make_mark(kn_event *event, void *user_data) {
    (void)event;
    const struct mark *mark = user_data;
    const size_t used = strlen(mark->line);
    mark->line[used] = mark->letter;
    mark->line[used + 1] = '\0';
}

static void all_that_match_run_oldest_pattern_first(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    char line[16] = "";
    struct mark marks[] = {{line, 'a'}, {line, 'b'}, {line, 'c'}, {line, 'd'}, {line, 'B'}};
    assert_ok(kn_worker_on, worker, "*/*", make_mark, &marks[0], NULL);
    assert_ok(kn_worker_on, worker, "chat/save", make_mark, &marks[1], NULL);
    assert_ok(kn_worker_on, worker, "chat/*", make_mark, &marks[2], NULL);
    assert_ok(kn_worker_on, worker, "other/save", make_mark, &marks[3], NULL);
    /* A replacement has the place of what it replaces. */
    assert_ok(kn_worker_on, worker, "chat/save", make_mark, &marks[4], NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 1);
    assert_status(KN_OK, dispatch_something(worker));
    assert_string_equal(line, "aBc");
    kn_worker_free(worker);
}

static void an_event_that_nobody_wants_is_logged_and_dropped(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    struct calls log = {0}, handler = {0};
    assert_status(KN_OK, kn_options_set_filter(options, ".*"));
    assert_status(KN_OK, kn_options_set_log(options, KN_LOG_WARNING, count_line, &log, NULL));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, stage->url, options, &worker);
    kn_options_free(options);
    assert_ok(kn_worker_on, worker, "chat/save", count_event, &handler, NULL);
    connect_worker(worker);
    send_numbers(stage, "un/wanted", 1);
    assert_status(KN_OK, dispatch_something(worker));
    assert_int_equal(handler.count, 0);
    assert_int_equal(log.count, 1);
    assert_non_null(strstr(log.text, "un/wanted"));
    send_numbers(stage, "chat/save", 1);
    assert_status(KN_OK, dispatch_something(worker));
    assert_int_equal(handler.count, 1);
    kn_worker_free(worker);
}

static void dispatch_without_events_says_again(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls calls = {0};
    assert_ok(kn_worker_on, worker, "*/*", count_event, &calls, NULL);
    connect_worker(worker);
    assert_says(KN_AGAIN, kn_worker_dispatch, worker);
    send_numbers(stage, "chat/save", 3);
    while (calls.count < 3)
        assert_status(KN_OK, dispatch_something(worker));
    assert_says(KN_AGAIN, kn_worker_dispatch, worker);
    kn_worker_free(worker);
}

static void an_interrupt_ends_dispatch_and_loses_nothing(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls calls = {0};
    calls.worker = worker;
    assert_ok(kn_worker_on, worker, "*/*", interrupt_on_event, &calls, NULL);
    connect_worker(worker);
    assert_status(KN_OK, kn_worker_interrupt(worker));
    assert_says(KN_INTERRUPTED, kn_worker_dispatch, worker);
    send_numbers(stage, "chat/save", 3);
    for (int i = 1; i <= 3; ++i) {
        assert_status(KN_INTERRUPTED, dispatch_something(worker));
        assert_int_equal(calls.count, i); /* one event for each, however many came together */
    }
    kn_worker_free(worker);
}

static void run_goes_on_until_a_handler_interrupts(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls calls = {0}, last = {0};
    last.worker = worker;
    assert_ok(kn_worker_on, worker, "chat/save", count_event, &calls, NULL);
    assert_ok(kn_worker_on, worker, "chat/stop", interrupt_on_event, &last, NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 10);
    send_numbers(stage, "chat/stop", 1);
    send_numbers(stage, "chat/save", 1);
    assert_says(KN_INTERRUPTED, kn_worker_run, worker);
    assert_int_equal(calls.count, 10);
    assert_int_equal(last.count, 1);
    take_number(worker, 1); /* one queue feeds all three */
    kn_worker_free(worker);
}

/* ---- What callbacks may do ---- */

/* What a callback was answered when it called its own worker. */
struct answers {
    kn_worker *worker;
    kn_status next, run, dispatch, on_new, on_known, on_error, close;
    kn_event *event;
    struct calls unused;
};

static void ask_everything(kn_event *event, void *user_data) {
    struct answers *answers = user_data;
    (void)event;
    kn_worker *worker = answers->worker;
    answers->event = garbage;
    answers->next = kn_worker_next(worker, 0, &answers->event, NULL);
    answers->run = kn_worker_run(worker, NULL);
    answers->dispatch = kn_worker_dispatch(worker, NULL);
    answers->on_new =
        kn_worker_on(worker, "a/new-one", count_event, &answers->unused, count_destroy, NULL);
    answers->on_known =
        kn_worker_on(worker, "a/known", count_event, &answers->unused, count_destroy, NULL);
    answers->on_error =
        kn_worker_on_error(worker, count_error, &answers->unused, count_destroy, NULL);
    answers->close = kn_worker_close(worker, -1, NULL);
}

static void a_handler_may_not_drive_but_may_change_and_close(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct answers answers = {0};
    struct calls known = {0};
    answers.worker = worker;
    assert_ok(kn_worker_on, worker, "chat/save", ask_everything, &answers, NULL);
    assert_ok(kn_worker_on, worker, "a/known", count_event, &known, count_destroy);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 2);
    assert_says(KN_CLOSED, kn_worker_run, worker);
    assert_status(KN_ESTATE, answers.next);
    assert_null(answers.event);
    assert_status(KN_ESTATE, answers.run);
    assert_status(KN_ESTATE, answers.dispatch);
    assert_status(KN_ESTATE, answers.on_new);
    assert_status(KN_OK, answers.on_known);
    assert_status(KN_OK, answers.on_error);
    assert_status(KN_AGAIN, answers.close); /* in a callback it only begins */
    assert_int_equal(known.destroyed, 1);
    assert_ok(kn_worker_close, worker, 0);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_CLOSED);
    kn_worker_free(worker);
    assert_int_equal(answers.unused.destroyed, 3);
}

static void close_on_event(kn_event *event, void *user_data) {
    count_event(event, user_data);
    struct calls *calls = user_data;
    calls->status = kn_worker_close(calls->worker, -1, NULL);
}

static void a_handler_s_close_stops_the_handing_over_at_once(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls closer = {0}, later = {0};
    closer.worker = worker;
    assert_ok(kn_worker_on, worker, "chat/save", close_on_event, &closer, NULL);
    assert_ok(kn_worker_on, worker, "*/*", count_event, &later, NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 3);
    assert_status(KN_CLOSED, dispatch_something(worker));
    assert_status(KN_AGAIN, closer.status);
    assert_int_equal(closer.count, 1);
    assert_int_equal(later.count, 0);
    kn_worker_free(worker);
}

static void replace_oneself(kn_event *event, void *user_data) {
    count_event(event, user_data);
    struct calls *calls = user_data;
    calls->status = kn_worker_on(calls->worker, "chat/save", NULL, NULL, NULL, NULL);
    calls->status |= calls->destroyed; /* it lives until it has returned */
}

static void a_handler_may_remove_itself(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls once = {0}, always = {0};
    once.worker = worker;
    always.worker = worker;
    assert_ok(kn_worker_on, worker, "chat/save", replace_oneself, &once, count_destroy);
    assert_ok(kn_worker_on, worker, "*/*", interrupt_on_event, &always, NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 2);
    for (int i = 0; i < 2; ++i)
        assert_says(KN_INTERRUPTED, kn_worker_run, worker);
    assert_int_equal(once.count, 1);
    assert_status(KN_OK, once.status);
    assert_int_equal(once.destroyed, 1);
    assert_int_equal(always.count, 2);
    kn_worker_free(worker);
    assert_int_equal(once.destroyed, 1);
}

/* A handler that replaces itself, and what its `destroy` was answered: that runs inside the same
 * call, when the handler has returned. */
struct leaving {
    kn_worker *worker;
    int count, destroyed;
    kn_status replaced, on, on_error, close;
    struct calls next;
};

static void replace_handler(kn_event *event, void *user_data) {
    struct leaving *leaving = user_data;
    (void)event;
    leaving->count++;
    leaving->replaced =
        kn_worker_on(leaving->worker, "chat/save", count_event, &leaving->next, NULL, NULL);
}

static void replace_error_handler(const kn_error *error, void *user_data) {
    struct leaving *leaving = user_data;
    (void)error;
    leaving->count++;
    leaving->replaced =
        kn_worker_on_error(leaving->worker, count_error, &leaving->next, NULL, NULL);
}

static void change_and_close(void *user_data) {
    struct leaving *leaving = user_data;
    leaving->destroyed++;
    leaving->on =
        kn_worker_on(leaving->worker, "chat/save", count_event, &leaving->next, NULL, NULL);
    leaving->on_error =
        kn_worker_on_error(leaving->worker, count_error, &leaving->next, NULL, NULL);
    leaving->close = kn_worker_close(leaving->worker, -1, NULL);
}

static void assert_left_like_a_callback(const struct leaving *leaving) {
    assert_int_equal(leaving->count, 1);
    assert_status(KN_OK, leaving->replaced);
    assert_int_equal(leaving->destroyed, 1);
    assert_status(KN_OK, leaving->on);
    assert_status(KN_OK, leaving->on_error);
    assert_status(KN_AGAIN, leaving->close); /* it only begins, and so waits for nobody */
    assert_int_equal(kn_worker_state(leaving->worker), KN_WORKER_CLOSED);
}

static void a_replaced_handler_s_destroy_may_change_and_close(void **state) {
    struct stage *stage = *state;
    struct leaving leaving = {.worker = worker_at(stage->url)};
    assert_ok(kn_worker_on, leaving.worker, "chat/save", replace_handler, &leaving,
              change_and_close);
    connect_worker(leaving.worker);
    send_numbers(stage, "chat/save", 1);
    assert_says(KN_CLOSED, kn_worker_run, leaving.worker);
    assert_left_like_a_callback(&leaving);
    kn_worker_free(leaving.worker);
}

static void a_replaced_error_handler_s_destroy_may_change_and_close(void **state) {
    (void)state;
    struct leaving leaving = {.worker = worker_at(test_unused_address())};
    assert_ok(kn_worker_on, leaving.worker, "chat/save", count_event, &leaving.next, NULL);
    assert_ok(kn_worker_on_error, leaving.worker, replace_error_handler, &leaving,
              change_and_close);
    kn_event *event = garbage;
    assert_says(KN_CLOSED, kn_worker_next, leaving.worker, -1, &event);
    assert_null(event);
    assert_left_like_a_callback(&leaving);
    kn_worker_free(leaving.worker);
}

static void free_on_event(kn_event *event, void *user_data) {
    struct calls *calls = user_data;
    kn_worker_free(calls->worker);
    count_event(event, user_data); /* the event and the data are still there */
}

static void a_handler_may_free_its_worker(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls freeing = {0}, later = {0}, failures = {0};
    freeing.worker = worker;
    assert_ok(kn_worker_on, worker, "chat/save", free_on_event, &freeing, count_destroy);
    assert_ok(kn_worker_on, worker, "*/*", count_event, &later, count_destroy);
    assert_ok(kn_worker_on_error, worker, count_error, &failures, count_destroy);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 2);
    assert_says(KN_CLOSED, kn_worker_run, worker);
    assert_int_equal(freeing.count, 1);
    assert_int_equal(later.count, 0);
    assert_int_equal(freeing.destroyed, 1);
    assert_int_equal(later.destroyed, 1);
    assert_int_equal(failures.destroyed, 1);
    assert_false(freeing.is_called_late);
    wait_until(test_broker_workers(stage->broker, stage->vhost) == 0);
}

/* ---- Failures that are retried ---- */

static void an_error_handler_hears_of_what_is_retried(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, 1, 2));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, test_unused_address(), options, &worker);
    kn_options_free(options);
    struct calls first = {0}, second = {0};
    first.worker = worker;
    second.worker = worker;
    assert_ok(kn_worker_on_error, worker, interrupt_on_error, &first, count_destroy);
    kn_event *event = NULL;
    for (int i = 1; i <= 3; ++i) {
        assert_says(KN_INTERRUPTED, kn_worker_next, worker, PATIENCE_MS, &event);
        assert_int_equal(first.count, i);
        assert_int_equal(first.status, KN_ECONNECT);
        assert_true(strlen(first.text) > 0);
    }
    assert_ok(kn_worker_on_error, worker, interrupt_on_error, &second, count_destroy);
    assert_int_equal(first.destroyed, 1);
    assert_says(KN_INTERRUPTED, kn_worker_next, worker, PATIENCE_MS, &event);
    assert_int_equal(first.count, 3);
    assert_int_equal(second.count, 1);
    assert_ok(kn_worker_on_error, worker, NULL, NULL, NULL);
    assert_int_equal(second.destroyed, 1);
    assert_says(KN_AGAIN, kn_worker_next, worker, 20, &event);
    assert_int_equal(second.count, 1);
    kn_worker_free(worker);
    assert_int_equal(first.destroyed, 1);
    assert_int_equal(second.destroyed, 1);
}

static void free_on_error(const kn_error *error, void *user_data) {
    struct calls *calls = user_data;
    kn_worker_free(calls->worker);
    count_error(error, user_data);
}

static void an_error_handler_may_free_its_worker(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    struct calls calls = {0};
    calls.worker = worker;
    assert_ok(kn_worker_on_error, worker, free_on_error, &calls, count_destroy);
    kn_event *event = garbage;
    assert_says(KN_CLOSED, kn_worker_next, worker, -1, &event);
    assert_null(event);
    assert_int_equal(calls.count, 1);
    assert_int_equal(calls.destroyed, 1);
    assert_false(calls.is_called_late);
}

static void close_on_error(const kn_error *error, void *user_data) {
    count_error(error, user_data);
    struct calls *calls = user_data;
    calls->status = kn_worker_close(calls->worker, -1, NULL);
}

static void an_error_handler_may_close_its_worker(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    struct calls calls = {0};
    calls.worker = worker;
    assert_ok(kn_worker_on_error, worker, close_on_error, &calls, count_destroy);
    kn_event *event = garbage;
    assert_says(KN_CLOSED, kn_worker_next, worker, -1, &event);
    assert_status(KN_AGAIN, calls.status);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_CLOSED);
    kn_worker_free(worker);
    assert_int_equal(calls.destroyed, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        on_stage(all_that_match_run_oldest_pattern_first),
        on_stage(an_event_that_nobody_wants_is_logged_and_dropped),
        on_stage(dispatch_without_events_says_again),
        on_stage(an_interrupt_ends_dispatch_and_loses_nothing),
        on_stage(run_goes_on_until_a_handler_interrupts),
        on_stage(a_handler_may_not_drive_but_may_change_and_close),
        on_stage(a_handler_s_close_stops_the_handing_over_at_once),
        on_stage(a_handler_may_remove_itself),
        on_stage(a_replaced_handler_s_destroy_may_change_and_close),
        cmocka_unit_test(a_replaced_error_handler_s_destroy_may_change_and_close),
        on_stage(a_handler_may_free_its_worker),
        cmocka_unit_test(an_error_handler_hears_of_what_is_retried),
        cmocka_unit_test(an_error_handler_may_free_its_worker),
        cmocka_unit_test(an_error_handler_may_close_its_worker),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
