/* client.h, the calls that nobody waits for: handed in, moved on, told, dropped. */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assertions.h"
#include "pause.h"
#include "stage.h"

/* What a completion is given, and what became of it. */
struct told {
    int count;     /* of the completion */
    int destroyed; /* of the user data */
    int too_late;  /* the completion came after that */
    kn_status status;
    char token[160];
    kn_client *client; /* for those that do something to it */
};

static void note(const kn_result *result, void *user_data) {
    struct told *told = user_data;
    ++told->count;
    told->too_late |= told->destroyed != 0;
    told->status = kn_result_status(result);
    if (kn_result_token(result) != NULL)
        snprintf(told->token, sizeof told->token, "%s", kn_result_token(result));
}

static void count_end(void *user_data) { ++((struct told *)user_data)->destroyed; }

static kn_client *client_with(const char *url, int32_t connections, int32_t pending) {
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    assert_status(KN_OK, kn_options_set_max_connections(options, connections));
    assert_status(KN_OK, kn_options_set_max_pending(options, pending));
    assert_ok(kn_client_new, url, options, &client);
    kn_options_free(options);
    return client;
}

static void assert_told(kn_status status, const struct told *told) {
    assert_int_equal(told->count, 1);
    assert_int_equal(told->destroyed, 1);
    assert_int_equal(told->too_late, 0);
    assert_status(status, told->status);
}

/* ---- Without a broker ---- */

static void null_is_refused_and_destroys(void **state) {
    (void)state;
    kn_client *client = client_with(test_unused_address(), 1, 1);
    kn_batch *batch = kn_batch_new();
    struct told told = {0};
    assert_fails(KN_EINVAL, kn_client_open_channel_async, NULL, "a", note, &told, count_end);
    assert_fails(KN_EINVAL, kn_client_open_channel_async, client, NULL, note, &told, count_end);
    assert_fails(KN_EINVAL, kn_client_close_channel_async, NULL, "a", note, &told, count_end);
    assert_fails(KN_EINVAL, kn_client_close_channel_async, client, NULL, note, &told, count_end);
    assert_fails(KN_EINVAL, kn_client_trigger_async, NULL, "a", "e", NULL, 0, note, &told,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_trigger_async, client, NULL, "e", NULL, 0, note, &told,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_trigger_async, client, "a", NULL, NULL, 0, note, &told,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_trigger_async, client, "a", "e", NULL, 1, note, &told,
                 count_end);
    assert_fails(KN_EJSON, kn_client_trigger_async, client, "a", "e", "[]", 2, note, &told,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_request_token_async, NULL, "u", "c", note, &told, count_end);
    assert_fails(KN_EINVAL, kn_client_request_token_async, client, NULL, "c", note, &told,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_request_token_async, client, "u", NULL, note, &told,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_trigger_batch_async, NULL, batch, note, &told, count_end);
    assert_fails(KN_EINVAL, kn_client_trigger_batch_async, client, NULL, note, &told, count_end);
    assert_fails(KN_EINVAL, kn_client_trigger_batch_async, client, batch, note, &told, count_end);
    assert_int_equal(told.destroyed, 15);
    assert_int_equal(told.count, 0);
    assert_int_equal(kn_client_pending(client), 0);

    assert_fails(KN_EINVAL, kn_client_dispatch, NULL);
    assert_fails(KN_EINVAL, kn_client_flush, NULL, 0);
    assert_fails(KN_EINVAL, kn_client_flush, client, -2);
    assert_status(KN_EINVAL, kn_client_interrupt(NULL));
    assert_int_equal(kn_client_fd(NULL), -1);
    assert_int_equal(kn_client_pending(NULL), 0);
    kn_batch_free(batch);
    kn_client_free(client);
}

static void nothing_is_pending_at_first(void **state) {
    (void)state;
    kn_client *client = client_with(test_unused_address(), 1, 1);
    assert_ok(kn_client_flush, client, -1);
    assert_says(KN_AGAIN, kn_client_dispatch, client);
    kn_client_free(client);
}

static void one_too_many_is_full_and_nothing_is_taken(void **state) {
    (void)state;
    kn_client *client = client_with(test_unused_address(), 1, 2);
    struct told taken = {0}, refused = {0};
    for (int i = 0; i < 2; ++i)
        assert_ok(kn_client_open_channel_async, client, "a", note, &taken, count_end);
    assert_fails(KN_EFULL, kn_client_open_channel_async, client, "a", note, &refused, count_end);
    assert_int_equal(kn_client_pending(client), 2);
    assert_int_equal(refused.count, 0);
    assert_int_equal(refused.destroyed, 1);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_int_equal(taken.count, 2);
    assert_ok(kn_client_open_channel_async, client, "a", NULL, NULL, NULL);
    kn_client_free(client);
}

static void free_drops_what_is_pending(void **state) {
    (void)state;
    kn_client *client = client_with(test_unused_address(), 1, 100);
    struct told told = {0};
    for (int i = 0; i < 3; ++i)
        assert_ok(kn_client_open_channel_async, client, "a", note, &told, count_end);
    kn_client_free(client);
    assert_int_equal(told.count, 0);
    assert_int_equal(told.destroyed, 3);
}

static void a_failure_is_told_by_its_result(void **state) {
    (void)state;
    kn_client *client = client_with(test_unused_address(), 1, 100);
    struct told told = {0};
    assert_ok(kn_client_open_channel_async, client, "a", note, &told, count_end);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_told(KN_ECONNECT, &told);
    kn_client_free(client);
}

static void an_interrupt_is_sticky_and_used_up(void **state) {
    (void)state;
    kn_client *client = client_with(test_unused_address(), 1, 100);
    struct told told = {0};
    assert_status(KN_OK, kn_client_interrupt(client)); /* before there is anything to wake */
    assert_ok(kn_client_open_channel_async, client, "a", note, &told, count_end);
    assert_status(KN_OK, kn_client_interrupt(client));
    assert_says(KN_INTERRUPTED, kn_client_flush, client, -1);
    assert_int_equal(told.count, 0);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_told(KN_ECONNECT, &told);
    assert_status(KN_OK, kn_client_interrupt(client));
    assert_says(KN_INTERRUPTED, kn_client_dispatch, client);
    assert_says(KN_AGAIN, kn_client_dispatch, client);
    kn_client_free(client);
}

static void a_forked_child_is_refused(void **state) {
    (void)state;
    kn_client *client = client_with(test_unused_address(), 1, 100);
    struct told told = {0};
    assert_ok(kn_client_open_channel_async, client, "a", note, &told, count_end);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int refused =
            kn_client_open_channel_async(client, "a", note, &told, NULL, NULL) == KN_EFORK &&
            kn_client_dispatch(client, NULL) == KN_EFORK &&
            kn_client_flush(client, 0, NULL) == KN_EFORK &&
            kn_client_interrupt(client) == KN_EFORK && kn_client_fd(client) == -1;
        kn_client_free(client);
        _exit(refused && told.count == 0 && told.destroyed == 0 ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    kn_client_free(client);
}

/* ---- At a broker ---- */

static void every_request_has_a_twin(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 1, 100);
    struct told opened = {0}, triggered = {0}, token = {0}, page = {0}, closed = {0}, missing = {0};
    assert_ok(kn_client_open_channel_async, client, "news", note, &opened, count_end);
    assert_ok(kn_client_trigger_async, client, "news", "hello", "{\"n\":1}", 7, note, &triggered,
              count_end);
    assert_ok(kn_client_request_token_async, client, "joe", ".*", note, &token, count_end);
    assert_ok(kn_client_subscribers_async, client, "news", NULL, 0, note, &page, count_end);
    assert_ok(kn_client_close_channel_async, client, "news", note, &closed, count_end);
    assert_ok(kn_client_trigger_async, client, "news", "hello", NULL, 0, note, &missing, count_end);
    assert_int_equal(kn_client_pending(client), 6);
    assert_int_equal(opened.count, 0); /* nothing moves by itself */
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_int_equal(kn_client_pending(client), 0);
    assert_told(KN_OK, &opened);
    assert_told(KN_OK, &triggered);
    assert_told(KN_OK, &token);
    assert_int_equal(strlen(token.token), 128);
    assert_told(KN_OK, &page);
    assert_told(KN_OK, &closed);
    assert_told(KN_ENOCHANNEL, &missing);
    kn_client_free(client);
}

static void one_connection_keeps_the_order(void **state) {
    enum { COUNT = 300 };
    struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 1, COUNT);
    assert_ok(kn_client_open_channel, client, "news");
    test_browser *browser = browser_on(stage);
    assert_true(test_browser_subscribe(browser, "news"));
    for (int i = 1; i <= COUNT; ++i) {
        char data[32];
        const int length = snprintf(data, sizeof data, "{\"n\":%d}", i);
        assert_ok(kn_client_trigger_async, client, "news", "count", data, (size_t)length, NULL,
                  NULL, NULL);
    }
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    for (int i = 1; i <= COUNT; ++i) {
        char *data = test_browser_wait_for(browser, "count");
        assert_non_null(data);
        assert_int_equal(atoi(strstr(data, "\"n\":") + 4), i);
        free(data);
    }
    kn_client_free(client);
}

static void the_descriptor_is_enough(void **state) {
    enum { COUNT = 200 };
    const struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 4, COUNT);
    struct told told = {0};
    const int fd = kn_client_fd(client);
    assert_true(fd >= 0);
    for (int i = 0; i < COUNT; ++i)
        assert_ok(kn_client_open_channel_async, client, "news", note, &told, count_end);
    while (told.count < COUNT) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
        const kn_status said = kn_client_dispatch(client, NULL);
        assert_true(said == KN_OK || said == KN_AGAIN);
        assert_int_equal(kn_client_fd(client), fd);
    }
    assert_status(KN_OK, told.status);
    assert_int_equal(told.destroyed, COUNT);
    assert_true(kn_client_connections(client) <= 4);
    kn_client_free(client);
}

static void flush_with_no_time_only_looks(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 1, 10);
    struct told told = {0};
    test_broker_pause(stage->broker);
    assert_ok(kn_client_open_channel_async, client, "news", note, &told, count_end);
    assert_says(KN_AGAIN, kn_client_flush, client, 0);
    assert_int_equal(told.count, 0);
    test_broker_resume(stage->broker);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_told(KN_OK, &told);
    kn_client_free(client);
}

static void free_in_a_completion(const kn_result *result, void *user_data) {
    note(result, user_data);
    kn_client_free(((struct told *)user_data)->client);
}

static void a_completion_may_free_its_client(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 1, 10);
    struct told first = {.client = client}, second = {0};
    assert_ok(kn_client_open_channel_async, client, "news", free_in_a_completion, &first,
              count_end);
    assert_ok(kn_client_open_channel_async, client, "news", note, &second, count_end);
    assert_says(KN_CLOSED, kn_client_flush, client, PATIENCE_MS);
    assert_told(KN_OK, &first);
    assert_int_equal(second.count, 0);
    assert_int_equal(second.destroyed, 1);
}

static void go_on_in_a_completion(const kn_result *result, void *user_data) {
    struct told *told = user_data;
    note(result, user_data);
    assert_fails(KN_ESTATE, kn_client_dispatch, told->client);
    assert_fails(KN_ESTATE, kn_client_flush, told->client, 0);
    assert_ok(kn_client_open_channel, told->client, "blocking");
    assert_ok(kn_client_open_channel_async, told->client, "next", NULL, NULL, NULL);
}

static void a_completion_may_make_calls(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 1, 10);
    struct told told = {.client = client};
    assert_ok(kn_client_open_channel_async, client, "news", go_on_in_a_completion, &told,
              count_end);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_told(KN_OK, &told);
    assert_int_equal(kn_client_pending(client), 1);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    kn_client_free(client);
}

/* ---- Threads ---- */

struct handing_in {
    pthread_t thread;
    kn_client *client;
    struct told told;
    int refused;
};

static void *hand_in_many(void *argument) {
    struct handing_in *mine = argument;
    for (int i = 0; i < 200; ++i)
        if (kn_client_open_channel_async(mine->client, "news", NULL, NULL, NULL, NULL) != KN_OK)
            ++mine->refused;
    return NULL;
}

static void any_thread_hands_in(void **state) {
    enum { THREADS = 4 };
    const struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 4, 10000);
    struct handing_in all[THREADS] = {{0}};
    for (int i = 0; i < THREADS; ++i) {
        all[i].client = client;
        assert_int_equal(pthread_create(&all[i].thread, NULL, hand_in_many, &all[i]), 0);
    }
    const int64_t deadline = deadline_in(PATIENCE_MS);
    while (kn_client_requests(client) < THREADS * 200 && !is_over(deadline))
        assert_true(kn_client_flush(client, 100, NULL) >= 0);
    for (int i = 0; i < THREADS; ++i) {
        pthread_join(all[i].thread, NULL);
        assert_int_equal(all[i].refused, 0);
    }
    assert_int_equal(kn_client_requests(client), THREADS * 200);
    assert_int_equal(kn_client_requests_with_status(client, KN_OK), THREADS * 200);
    kn_client_free(client);
}

static void *flush_for_ever(void *argument) {
    struct handing_in *mine = argument;
    do /* the other thread's look whether this one is inside may be in the way */
        mine->told.status = kn_client_flush(mine->client, -1, NULL);
    while (mine->told.status == KN_ESTATE);
    return NULL;
}

static void a_flush_in_another_thread_ends_with_the_client(void **state) {
    const struct stage *stage = *state;
    struct handing_in flushing = {.client = client_with(stage->url, 1, 10)};
    struct told told = {0};
    test_broker_pause(stage->broker);
    assert_ok(kn_client_open_channel_async, flushing.client, "news", note, &told, count_end);
    assert_int_equal(pthread_create(&flushing.thread, NULL, flush_for_ever, &flushing), 0);
    wait_until(kn_client_dispatch(flushing.client, NULL) == KN_ESTATE);
    kn_client_free(flushing.client);
    pthread_join(flushing.thread, NULL);
    test_broker_resume(stage->broker);
    assert_status(KN_CLOSED, flushing.told.status);
    assert_int_equal(told.count, 0);
    assert_int_equal(told.destroyed, 1);
}

/* ---- Figures ---- */

static void a_client_counts(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_with(stage->url, 2, 10);
    char *json = garbage;
    assert_int_equal(kn_client_requests(NULL), 0);
    assert_int_equal(kn_client_requests_with_status(NULL, KN_OK), 0);
    assert_int_equal(kn_client_connections(NULL), 0);
    assert_fails(KN_EINVAL, kn_client_stats, client, NULL);
    assert_fails(KN_EINVAL, kn_client_stats, NULL, &json);
    assert_null(json);

    assert_ok(kn_client_open_channel, client, "news");
    assert_fails(KN_ENOCHANNEL, kn_client_close_channel, client, "nowhere");
    assert_ok(kn_client_open_channel_async, client, "news", NULL, NULL, NULL);
    assert_int_equal(kn_client_requests(client), 2);
    assert_int_equal(kn_client_requests_with_status(client, KN_ENOCHANNEL), 1);
    assert_int_equal(kn_client_requests_with_status(client, KN_ETIMEOUT), 0);
    assert_int_equal(kn_client_connections(client), 1);
    assert_ok(kn_client_stats, client, &json);
    assert_string_equal(json, "{\"requests\":2,\"retries\":0,\"pending\":1,\"connections\":1,"
                              "\"by_status\":{\"KN_OK\":1,\"KN_ENOCHANNEL\":1}}");
    kn_string_free(json);
    kn_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_refused_and_destroys),
        cmocka_unit_test(nothing_is_pending_at_first),
        cmocka_unit_test(one_too_many_is_full_and_nothing_is_taken),
        cmocka_unit_test(free_drops_what_is_pending),
        cmocka_unit_test(a_failure_is_told_by_its_result),
        cmocka_unit_test(an_interrupt_is_sticky_and_used_up),
        cmocka_unit_test(a_forked_child_is_refused),
        on_stage(every_request_has_a_twin),
        on_stage(one_connection_keeps_the_order),
        on_stage(the_descriptor_is_enough),
        on_stage(flush_with_no_time_only_looks),
        on_stage(a_completion_may_free_its_client),
        on_stage(a_completion_may_make_calls),
        on_stage(any_thread_hands_in),
        on_stage(a_flush_in_another_thread_ends_with_the_client),
        on_stage(a_client_counts),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
