/* options.h: what can be set, what cannot, and that what cannot changes nothing. */
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "callbacks.h"
#include "stage.h"

/* 16 characters, so that a payload can be made larger than a limit by repeating them. */
#define SIXTEEN "0123456789abcdef"

typedef kn_status time_setter(kn_options *options, int64_t timeout_ms);

static void check_time_setter(time_setter *set) {
    kn_options *options = kn_options_new();
    assert_non_null(options);
    static const int64_t allowed[] = {1, 5000, INT64_MAX, -1};
    static const int64_t refused[] = {0, -2, INT64_MIN};
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; ++i)
        assert_status(KN_OK, set(options, allowed[i]));
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; ++i)
        assert_status(KN_EINVAL, set(options, refused[i]));
    assert_status(KN_EINVAL, set(NULL, 5000));
    kn_options_free(options);
}

static void free_takes_null(void **state) {
    (void)state;
    kn_options_free(NULL);
}

static void time_limits_are_positive_or_none(void **state) {
    (void)state;
    check_time_setter(kn_options_set_connect_timeout_ms);
    check_time_setter(kn_options_set_request_timeout_ms);
    check_time_setter(kn_options_set_idle_timeout_ms);
}

static void reconnect_delays_are_positive_and_in_order(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, 1, 1));
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, 1, INT64_MAX));
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, INT64_MAX, INT64_MAX));
    assert_status(KN_EINVAL, kn_options_set_reconnect_delay_ms(options, 2, 1));
    assert_status(KN_EINVAL, kn_options_set_reconnect_delay_ms(options, 0, 1));
    assert_status(KN_EINVAL, kn_options_set_reconnect_delay_ms(options, -1, -1));
    assert_status(KN_EINVAL, kn_options_set_reconnect_delay_ms(NULL, 1, 1));
    kn_options_free(options);
}

static void delivery_is_at_most_or_at_least_once(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_delivery(options, KN_AT_LEAST_ONCE));
    assert_status(KN_OK, kn_options_set_delivery(options, KN_AT_MOST_ONCE));
    assert_status(KN_EINVAL, kn_options_set_delivery(options, 2));
    assert_status(KN_EINVAL, kn_options_set_delivery(options, -1));
    assert_status(KN_EINVAL, kn_options_set_delivery(NULL, KN_AT_LEAST_ONCE));
    assert_status(KN_OK, kn_options_set_group(options, "orders_1.a-b"));
    assert_status(KN_EINVAL, kn_options_set_group(options, ""));
    assert_status(KN_EINVAL, kn_options_set_group(options, "a/b"));
    assert_status(KN_EINVAL, kn_options_set_group(options, NULL));
    assert_status(KN_EINVAL, kn_options_set_group(NULL, "orders"));
    assert_status(KN_OK, kn_options_set_window(options, 1));
    assert_status(KN_OK, kn_options_set_window(options, 10000));
    assert_status(KN_EINVAL, kn_options_set_window(options, 0));
    assert_status(KN_EINVAL, kn_options_set_window(options, 10001));
    assert_status(KN_EINVAL, kn_options_set_window(NULL, 1));
    assert_status(KN_OK, kn_options_set_order(options, KN_ORDER_NONE));
    assert_status(KN_OK, kn_options_set_order(options, KN_ORDER_CHANNEL));
    assert_status(KN_EINVAL, kn_options_set_order(options, KN_ORDER_CHANNEL + 1));
    assert_status(KN_EINVAL, kn_options_set_order(options, -1));
    assert_status(KN_EINVAL, kn_options_set_order(NULL, KN_ORDER_SID));
    assert_status(KN_OK, kn_options_set_auto_ack(options, 0));
    assert_status(KN_EINVAL, kn_options_set_auto_ack(options, 2));
    assert_status(KN_EINVAL, kn_options_set_auto_ack(NULL, 1));
    kn_options_free(options);
}

static void a_filter_is_plain_text(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_filter(options, "chat/(save|remove)"));
    assert_status(KN_OK, kn_options_set_filter(options, "ünï/.*"));
    assert_status(KN_OK, kn_options_set_filter(options, ""));
    assert_status(KN_EINVAL, kn_options_set_filter(options, NULL));
    assert_status(KN_EINVAL, kn_options_set_filter(options, "two\nlines"));
    assert_status(KN_EINVAL, kn_options_set_filter(options, "two\r"));
    assert_status(KN_EINVAL, kn_options_set_filter(options, "a\177"));
    assert_status(KN_EINVAL, kn_options_set_filter(options, "not UTF-8: \xff"));
    assert_status(KN_EINVAL, kn_options_set_filter(NULL, "chat/.*"));
    kn_options_free(options);
}

static void an_event_may_have_a_byte(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_max_event_size(options, 1));
    assert_status(KN_OK, kn_options_set_max_event_size(options, INT64_MAX));
    assert_status(KN_EINVAL, kn_options_set_max_event_size(options, 0));
    assert_status(KN_EINVAL, kn_options_set_max_event_size(options, -1));
    assert_status(KN_EINVAL, kn_options_set_max_event_size(NULL, 1));
    kn_options_free(options);
}

static void a_log_s_user_data_is_destroyed_when_it_cannot_be_set(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    static const int32_t levels[] = {0, 5, -1, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; ++i) {
        struct calls calls = {0};
        assert_status(KN_EINVAL,
                      kn_options_set_log(options, levels[i], count_line, &calls, count_destroy));
        assert_int_equal(calls.destroyed, 1);
    }
    struct calls calls = {0};
    assert_status(KN_EINVAL,
                  kn_options_set_log(NULL, KN_LOG_DEBUG, count_line, &calls, count_destroy));
    assert_int_equal(calls.destroyed, 1);
    kn_options_free(options);
    assert_int_equal(calls.destroyed, 1);
}

static void a_log_s_user_data_is_destroyed_when_another_replaces_it(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    struct calls first = {0}, second = {0}, third = {0};
    assert_status(KN_OK,
                  kn_options_set_log(options, KN_LOG_INFO, count_line, &first, count_destroy));
    assert_int_equal(first.destroyed, 0);
    assert_status(KN_EINVAL, kn_options_set_log(options, 0, count_line, &second, count_destroy));
    assert_int_equal(first.destroyed, 0); /* what is refused changes nothing */
    assert_status(KN_OK,
                  kn_options_set_log(options, KN_LOG_INFO, count_line, &second, count_destroy));
    assert_int_equal(first.destroyed, 1);
    /* No function means no log: nothing is kept. */
    assert_status(KN_OK, kn_options_set_log(options, KN_LOG_INFO, NULL, &third, count_destroy));
    assert_int_equal(second.destroyed, 2); /* once when it was refused */
    assert_int_equal(third.destroyed, 1);
    kn_options_free(options);
    assert_int_equal(first.destroyed, 1);
    assert_int_equal(second.destroyed, 2);
    assert_int_equal(third.destroyed, 1);
}

static void a_log_needs_no_destroy(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    struct calls calls = {0};
    assert_status(KN_OK, kn_options_set_log(options, KN_LOG_INFO, count_line, &calls, NULL));
    assert_status(KN_EINVAL, kn_options_set_log(options, 0, count_line, &calls, NULL));
    kn_options_free(options);
}

static void a_log_lives_as_long_as_the_last_handle(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    struct calls calls = {0};
    assert_status(KN_OK,
                  kn_options_set_log(options, KN_LOG_DEBUG, count_line, &calls, count_destroy));
    kn_client *client = NULL;
    kn_worker *worker = NULL;
    assert_ok(kn_client_new, test_unused_address(), options, &client);
    assert_ok(kn_worker_new, test_unused_address(), options, &worker);
    kn_options_free(options);
    assert_int_equal(calls.destroyed, 0);
    kn_client_free(client);
    assert_int_equal(calls.destroyed, 0);
    kn_worker_free(worker);
    assert_int_equal(calls.destroyed, 1);
    assert_false(calls.is_called_late);
}

/* All lines of a log, joined. */
struct lines {
    int32_t highest_level;
    int32_t newlines;
    char text[4096];
};

static void keep_line(int32_t level, const char *message, void *user_data) {
    struct lines *lines = user_data;
    if (level > lines->highest_level)
        lines->highest_level = level;
    lines->newlines += strchr(message, '\n') != NULL;
    const size_t used = strlen(lines->text);
    strncat(lines->text, message, sizeof lines->text - used - 1);
}

/* A worker that connects, loses its broker's favour and is closed, as its log tells it. */
static void live_a_life(struct stage *stage, int32_t level, struct lines *lines) {
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_log(options, level, keep_line, lines, NULL));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, stage->url, options, &worker);
    kn_options_free(options);
    connect_worker(worker);
    assert_ok(kn_worker_close, worker, PATIENCE_MS);
    kn_worker_free(worker);
}

static void a_log_hears_of_its_level_and_those_above(void **state) {
    struct lines debug = {0}, error = {0};
    live_a_life(*state, KN_LOG_DEBUG, &debug);
    live_a_life(*state, KN_LOG_ERROR, &error);
    assert_int_equal(debug.highest_level, KN_LOG_DEBUG);
    assert_string_equal(error.text, ""); /* nothing of it was an error */
}

static void a_log_tells_what_happens_in_lines_without_the_token(void **state) {
    struct stage *stage = *state;
    struct lines lines = {0};
    live_a_life(stage, KN_LOG_DEBUG, &lines);
    assert_non_null(strstr(lines.text, "connected"));
    assert_non_null(strstr(lines.text, stage->vhost));
    assert_int_equal(lines.newlines, 0);
    char *token = strdup(strstr(stage->url, "wr:") + 3);
    *strchr(token, '@') = '\0';
    assert_null(strstr(lines.text, token));
    free(token);
}

static void a_handle_keeps_a_copy(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    char filter[] = "chat/save";
    assert_status(KN_OK, kn_options_set_filter(options, filter));
    memset(filter, 'x', sizeof filter - 1);
    assert_status(KN_EINVAL, kn_options_set_filter(options, "refused\n"));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, stage->url, options, &worker);
    assert_status(KN_OK, kn_options_set_filter(options, "other/.*"));
    kn_options_free(options);

    connect_worker(worker);
    assert_true(test_browser_trigger(browser_on(stage), "other/event", "{\"n\":1}"));
    assert_true(test_browser_trigger(browser_on(stage), "chat/save", "{\"n\":2}"));
    take_number(worker, 2);
    kn_worker_free(worker);
}

static void handles_share_options(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_request_timeout_ms(options, PATIENCE_MS));
    kn_client *first = NULL, *second = NULL;
    assert_ok(kn_client_new, stage->url, options, &first);
    assert_ok(kn_client_new, stage->url, options, &second);
    assert_fails(KN_EINVAL, kn_client_new, "not a url", options, &(kn_client *){NULL});
    kn_options_free(options);
    assert_ok(kn_client_open_channel, first, "news");
    assert_ok(kn_client_close_channel, second, "news");
    kn_client_free(first);
    kn_client_free(second);
}

static void an_event_over_the_limit_is_reported_and_the_stream_made_anew(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_max_event_size(options, 1024));
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, 1, 10));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, stage->url, options, &worker);
    kn_options_free(options);
    struct calls failures = {0};
    failures.worker = worker;
    assert_ok(kn_worker_on_error, worker, interrupt_on_error, &failures, NULL);
    connect_worker(worker);

    char data[2048] = "{\"text\":\"";
    while (strlen(data) < sizeof data - 32)
        strcat(data, SIXTEEN);
    strcat(data, "\"}");
    assert_true(test_browser_trigger(browser_on(stage), "chat/save", data));
    kn_event *event = NULL;
    assert_says(KN_INTERRUPTED, kn_worker_next, worker, PATIENCE_MS, &event);
    assert_int_equal(failures.status, KN_ETOOBIG);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 1);
    take_number(worker, 1);
    kn_worker_free(worker);
}

/* Nobody's arithmetic may overflow because of them. */
static void the_longest_times_are_for_ever(void **state) {
    struct stage *stage = *state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_connect_timeout_ms(options, INT64_MAX));
    assert_status(KN_OK, kn_options_set_request_timeout_ms(options, INT64_MAX));
    assert_status(KN_OK, kn_options_set_idle_timeout_ms(options, INT64_MAX));
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, INT64_MAX, INT64_MAX));
    kn_client *client = NULL;
    kn_worker *worker = NULL, *lonely = NULL;
    assert_ok(kn_client_new, stage->url, options, &client);
    assert_ok(kn_worker_new, stage->url, options, &worker);
    assert_ok(kn_worker_new, test_unused_address(), options, &lonely);
    kn_options_free(options);

    assert_ok(kn_client_open_channel, client, "news");
    connect_worker(worker);
    send_numbers(stage, "chat/save", 1);
    take_number(worker, 1);
    assert_ok(kn_worker_close, worker, -1);

    kn_event *event = NULL;
    while (kn_worker_state(lonely) != KN_WORKER_WAITING)
        assert_says(KN_AGAIN, kn_worker_next, lonely, 1, &event);
    assert_says(KN_AGAIN, kn_worker_next, lonely, 20, &event);
    assert_int_equal(kn_worker_state(lonely), KN_WORKER_WAITING);
    kn_client_free(client);
    kn_worker_free(worker);
    kn_worker_free(lonely);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(free_takes_null),
        cmocka_unit_test(time_limits_are_positive_or_none),
        cmocka_unit_test(reconnect_delays_are_positive_and_in_order),
        cmocka_unit_test(delivery_is_at_most_or_at_least_once),
        cmocka_unit_test(a_filter_is_plain_text),
        cmocka_unit_test(an_event_may_have_a_byte),
        cmocka_unit_test(a_log_s_user_data_is_destroyed_when_it_cannot_be_set),
        cmocka_unit_test(a_log_s_user_data_is_destroyed_when_another_replaces_it),
        cmocka_unit_test(a_log_needs_no_destroy),
        cmocka_unit_test(a_log_lives_as_long_as_the_last_handle),
        on_stage(a_log_hears_of_its_level_and_those_above),
        on_stage(a_log_tells_what_happens_in_lines_without_the_token),
        on_stage(a_handle_keeps_a_copy),
        on_stage(handles_share_options),
        on_stage(the_longest_times_are_for_ever),
        on_stage(an_event_over_the_limit_is_reported_and_the_stream_made_anew),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
