/* worker.h: on; which handler a pattern gives an event to, and what the worker asks the broker for.
 */
#include <stdio.h>
#include <string.h>

#include "assertions.h"
#include "callbacks.h"
#include "stage.h"

static kn_worker *worker_with_filter(const struct stage *stage, const char *filter) {
    kn_options *options = kn_options_new();
    kn_worker *worker = NULL;
    assert_status(KN_OK, kn_options_set_filter(options, filter));
    assert_ok(kn_worker_new, stage->url, options, &worker);
    kn_options_free(options);
    return worker;
}

/* ---- Patterns ---- */

static void patterns_that_are_taken(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "chat/save", "chat/*",   "*/save", "*/*",       "/save",
        "/*",        "chat/a/b", "*/:gap", "a.b-c/d e", "\xc3\xbc/\xc3\xaf"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; ++i) {
        struct calls calls = {0};
        kn_worker *worker = worker_at(test_unused_address());
        assert_ok(kn_worker_on, worker, patterns[i], count_event, &calls, count_destroy);
        assert_int_equal(calls.destroyed, 0);
        kn_worker_free(worker);
        assert_int_equal(calls.destroyed, 1);
    }
}

static void patterns_that_are_not(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    static const char *const patterns[] = {
        NULL,        "",         "/",       "chat",    "*",         "chat/",    "*/",
        "c*/save",   "chat/s*",  "**/save", "chat/**", "chat/a\nb", "ch\nat/a", "chat/save\n",
        "chat/\177", "chat/\xff"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; ++i) {
        struct calls calls = {0};
        assert_fails(KN_EINVAL, kn_worker_on, worker, patterns[i], count_event, &calls,
                     count_destroy);
        assert_int_equal(calls.destroyed, 1);
    }
    assert_status(KN_ESTATE, kn_worker_run(worker, NULL)); /* and none of them is a handler */
    kn_worker_free(worker);
}

static void regular_expressions_are_no_patterns(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    static const char *const patterns[] = {"ticket/(new|old)", "ticket/[ab]", "^ticket/new",
                                           "ticket/new$",      "ticket/\\w",  "(a|b)/new",
                                           "ticket/{id}"};
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; ++i) {
        struct calls calls = {0};
        kn_error *error = NULL;
        assert_status(KN_EINVAL, kn_worker_on(worker, patterns[i], count_event, &calls,
                                              count_destroy, &error));
        assert_non_null(strstr(kn_error_message(error), patterns[i]));
        assert_non_null(strstr(kn_error_message(error), "no regular expression"));
        assert_int_equal(calls.destroyed, 1);
        kn_error_free(error);
    }
    kn_worker_free(worker);
}

/* A filter that names each of them would be longer than the broker takes. */
static void each_of_many_rooms_has_its_handler(void **state) {
    struct stage *stage = *state;
    enum { rooms = 600 };
    struct calls said = {0}, last = {0};
    kn_worker *worker = worker_at(stage->url);
    last.worker = worker;
    for (int i = 0; i < rooms; ++i) {
        char pattern[32];
        snprintf(pattern, sizeof pattern, "room-%d/say", i);
        if (i < rooms - 1)
            assert_ok(kn_worker_on, worker, pattern, count_event, &said, NULL);
        else
            assert_ok(kn_worker_on, worker, pattern, interrupt_on_event, &last, NULL);
    }
    connect_worker(worker);
    send_numbers(stage, "room-0/say", 1);
    send_numbers(stage, "room-300/say", 1);
    send_numbers(stage, "room-599/say", 1);
    assert_status(KN_INTERRUPTED, kn_worker_run(worker, NULL));
    assert_int_equal(said.count, 2);
    assert_int_equal(last.count, 1);
    kn_worker_free(worker);
}

/* With so many handlers that the broker is asked for more than they cover. */
static kn_worker *worker_of_rooms(const struct stage *stage, int count, struct calls *said) {
    kn_worker *worker = worker_at(stage->url);
    for (int i = 0; i < count; ++i) {
        char pattern[64];
        snprintf(pattern, sizeof pattern, "%d-room/say-%d", (i * 7919) % 100003, i);
        assert_ok(kn_worker_on, worker, pattern, count_event, said, NULL);
    }
    connect_worker(worker);
    return worker;
}

static void what_nobody_asked_for_is_left_out(void **state) {
    struct stage *stage = *state;
    struct calls said = {0};
    kn_worker *worker = worker_of_rooms(stage, 2000, &said);
    send_numbers(stage, "other/say", 2);
    send_numbers(stage, "0-room/say-1", 1);
    send_numbers(stage, "0-room/say-0", 1);
    kn_event *event = NULL;
    assert_ok(kn_worker_next, worker, PATIENCE_MS, &event);
    assert_string_equal(kn_event_topic(event), "0-room/say-0");
    kn_event_free(event);
    kn_worker_free(worker);
}

/* Though they all ask the broker for everything. */
static void workers_of_other_handlers_do_not_share_events(void **state) {
    struct stage *stage = *state;
    struct calls said = {0};
    kn_worker *workers[] = {worker_of_rooms(stage, 2000, &said),
                            worker_of_rooms(stage, 2001, &said), worker_on(stage)};
    const size_t count = sizeof workers / sizeof workers[0];
    send_numbers(stage, "0-room/say-0", 2);
    for (size_t i = 0; i < count; ++i) {
        take_number(workers[i], 1);
        take_number(workers[i], 2);
        kn_worker_free(workers[i]);
    }
}

static void destroy_runs_when_there_is_no_worker(void **state) {
    (void)state;
    struct calls calls = {0};
    assert_fails(KN_EINVAL, kn_worker_on, NULL, "a/b", count_event, &calls, count_destroy);
    assert_int_equal(calls.destroyed, 1);
    assert_fails(KN_EINVAL, kn_worker_on_error, NULL, count_error, &calls, count_destroy);
    assert_int_equal(calls.destroyed, 2);
}

static void without_handlers_there_is_nothing_to_run(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    assert_status(KN_ESTATE, kn_worker_run(worker, NULL));
    assert_status(KN_ESTATE, kn_worker_dispatch(worker, NULL));
    struct calls calls = {0};
    assert_ok(kn_worker_on, worker, "a/b", count_event, &calls, count_destroy);
    assert_ok(kn_worker_on, worker, "a/b", NULL, NULL, NULL);
    assert_int_equal(calls.destroyed, 1);
    kn_error *error = NULL;
    assert_status(KN_ESTATE, kn_worker_run(worker, &error));
    assert_status(KN_ESTATE, kn_error_status(error));
    kn_error_free(error);
    kn_worker_free(worker);
    assert_int_equal(calls.destroyed, 1);
}

static void a_second_handler_replaces_the_first(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls first = {0}, second = {0};
    second.worker = worker;
    assert_ok(kn_worker_on, worker, "chat/save", count_event, &first, count_destroy);
    connect_worker(worker);
    /* A known pattern may get another handler after the first use. */
    assert_ok(kn_worker_on, worker, "chat/save", interrupt_on_event, &second, count_destroy);
    assert_int_equal(first.destroyed, 1);
    send_numbers(stage, "chat/save", 1);
    assert_status(KN_INTERRUPTED, kn_worker_run(worker, NULL));
    assert_int_equal(first.count, 0);
    assert_int_equal(second.count, 1);
    kn_worker_free(worker);
    assert_int_equal(first.destroyed, 1);
    assert_int_equal(second.destroyed, 1);
}

static void no_function_removes_the_handler(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    struct calls handler = {0}, nothing = {0};
    assert_ok(kn_worker_on, worker, "a/b", count_event, &handler, count_destroy);
    assert_ok(kn_worker_on, worker, "a/b", NULL, &nothing, count_destroy);
    assert_int_equal(handler.destroyed, 1);
    assert_int_equal(nothing.destroyed, 1);
    assert_ok(kn_worker_on, worker, "never/set", NULL, &nothing, count_destroy);
    assert_int_equal(nothing.destroyed, 2);
    assert_fails(KN_EINVAL, kn_worker_on, worker, "bad", NULL, &nothing, count_destroy);
    assert_int_equal(nothing.destroyed, 3);
    kn_worker_free(worker);
    assert_int_equal(handler.destroyed, 1);
    assert_int_equal(nothing.destroyed, 3);
}

static void a_new_pattern_comes_too_late_after_the_first_use(void **state) {
    kn_worker *worker = worker_on(*state);
    struct calls calls = {0};
    assert_fails(KN_ESTATE, kn_worker_on, worker, "chat/save", count_event, &calls, count_destroy);
    assert_int_equal(calls.destroyed, 1);
    kn_worker_free(worker);
    assert_int_equal(calls.destroyed, 1);
}

static void with_a_filter_patterns_may_come_later(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_with_filter(stage, ".*");
    connect_worker(worker);
    struct calls calls = {0};
    calls.worker = worker;
    assert_ok(kn_worker_on, worker, "chat/save", interrupt_on_event, &calls, count_destroy);
    send_numbers(stage, "chat/save", 1);
    assert_status(KN_INTERRUPTED, kn_worker_run(worker, NULL));
    assert_int_equal(calls.count, 1);
    kn_worker_free(worker);
    assert_int_equal(calls.destroyed, 1);
}

static void a_closed_worker_takes_no_handlers(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    assert_ok(kn_worker_close, worker, 0);
    struct calls calls = {0};
    assert_says(KN_CLOSED, kn_worker_on, worker, "a/b", count_event, &calls, count_destroy);
    assert_int_equal(calls.destroyed, 1);
    assert_says(KN_CLOSED, kn_worker_on_error, worker, count_error, &calls, count_destroy);
    assert_int_equal(calls.destroyed, 2);
    kn_worker_free(worker);
    assert_int_equal(calls.destroyed, 2);
}

static void the_worker_asks_for_what_its_handlers_cover(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls calls = {0};
    assert_ok(kn_worker_on, worker, "chat/save", count_event, &calls, NULL);
    assert_ok(kn_worker_on, worker, "a.b/*", count_event, &calls, NULL);
    assert_ok(kn_worker_on, worker, "*/joined", count_event, &calls, NULL);
    connect_worker(worker);
    static const struct {
        const char *topic;
        int is_covered;
    } topics[] = {{"chat/saved", 0}, {"chat/save", 1}, {"axb/x", 0},       {"a.b/x", 1},
                  {"a.b", 0},        {"a.b/", 1},      {"room/joined", 1}, {"joined", 1},
                  {"x/y/joined", 0}, {"save", 0},      {"chat/save", 1}};
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; ++i)
        assert_true(test_browser_trigger(browser_on(stage), topics[i].topic, "{}"));
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; ++i) {
        if (!topics[i].is_covered)
            continue;
        kn_event *event = NULL;
        assert_ok(kn_worker_next, worker, PATIENCE_MS, &event);
        assert_string_equal(kn_event_topic(event), topics[i].topic);
        kn_event_free(event);
    }
    kn_worker_free(worker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_that_are_taken),
        cmocka_unit_test(patterns_that_are_not),
        cmocka_unit_test(regular_expressions_are_no_patterns),
        on_stage(each_of_many_rooms_has_its_handler),
        on_stage(what_nobody_asked_for_is_left_out),
        on_stage(workers_of_other_handlers_do_not_share_events),
        cmocka_unit_test(destroy_runs_when_there_is_no_worker),
        cmocka_unit_test(without_handlers_there_is_nothing_to_run),
        on_stage(a_second_handler_replaces_the_first),
        cmocka_unit_test(no_function_removes_the_handler),
        on_stage(a_new_pattern_comes_too_late_after_the_first_use),
        on_stage(with_a_filter_patterns_may_come_later),
        cmocka_unit_test(a_closed_worker_takes_no_handlers),
        on_stage(the_worker_asks_for_what_its_handlers_cover),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
