/* event.h: what a browser sent, and what can be done with it. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "callbacks.h"
#include "stage.h"

/* The next event, which has to come. */
static kn_event *take(kn_worker *worker) {
    kn_event *event = NULL;
    assert_ok(kn_worker_next, worker, PATIENCE_MS, &event);
    assert_non_null(event);
    return event;
}

/* What a worker gets when the stage's browser triggers something. */
static kn_event *triggered(struct stage *stage, const char *topic, const char *data) {
    kn_worker *worker = worker_on(stage);
    assert_true(test_browser_trigger(browser_on(stage), topic, data));
    kn_event *event = take(worker);
    kn_worker_free(worker); /* an event outlives what it came from */
    return event;
}

static void null_is_no_event(void **state) {
    (void)state;
    size_t length = 7;
    assert_null(kn_event_topic(NULL));
    assert_null(kn_event_channel(NULL));
    assert_null(kn_event_name(NULL));
    assert_null(kn_event_id(NULL));
    assert_null(kn_event_uid(NULL));
    assert_null(kn_event_sid(NULL));
    assert_null(kn_event_data(NULL, &length));
    assert_int_equal(length, 0);
    assert_null(kn_event_data(NULL, NULL));
    assert_int_equal(kn_event_kind(NULL), 0);
    assert_int_equal(kn_event_attempt(NULL), 0);
    assert_null(kn_event_ref(NULL));
    assert_int_equal(kn_event_time_ms(NULL), -1);
    assert_null(kn_event_retain(NULL));
    kn_event_free(NULL);
    assert_status(KN_EINVAL, kn_event_defer(NULL));
    assert_status(KN_EINVAL, kn_event_ack(NULL));
    assert_status(KN_EINVAL, kn_event_nack(NULL, 0));
    assert_status(KN_EINVAL, kn_event_decline(NULL, 0));
    assert_status(KN_EINVAL, kn_event_extend(NULL));
}

static void it_says_what_the_browser_sent(void **state) {
    struct stage *stage = *state;
    kn_event *event = triggered(stage, "chat/save", "{\"text\":\"\xc3\xbcn\xc3\xaf\"}");
    assert_string_equal(kn_event_topic(event), "chat/save");
    assert_string_equal(kn_event_channel(event), "chat");
    assert_string_equal(kn_event_name(event), "save");
    assert_true(strlen(kn_event_id(event)) > 0);
    assert_string_equal(kn_event_uid(event), "joe");
    assert_string_equal(kn_event_sid(event), test_browser_sid(browser_on(stage)));
    assert_int_equal(kn_event_kind(event), KN_EVENT_MESSAGE);
    assert_int_equal(kn_event_attempt(event), 1);

    size_t length = 0;
    const char *data = kn_event_data(event, &length);
    assert_int_equal(length, strlen(data)); /* an uncounted NUL follows */
    assert_non_null(strstr(data, "\"text\":\"\xc3\xbcn\xc3\xaf\""));
    assert_ptr_equal(kn_event_data(event, NULL), data);
    kn_event_free(event);
}

static void a_topic_is_split_at_its_first_slash(void **state) {
    struct stage *stage = *state;
    static const struct {
        const char *topic, *channel, *name;
    } topics[] = {
        {"save", "", "save"},    {"/save", "", "save"},
        {"chat/", "chat", ""},   {"chat/save/all", "chat", "save/all"},
        {"chat//", "chat", "/"}, {"\xc3\xbc/\xf0\x9f\x9a\x80", "\xc3\xbc", "\xf0\x9f\x9a\x80"},
    };
    kn_worker *worker = worker_on(stage);
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; ++i) {
        assert_true(test_browser_trigger(browser_on(stage), topics[i].topic, "{}"));
        kn_event *event = take(worker);
        assert_string_equal(kn_event_topic(event), topics[i].topic);
        assert_string_equal(kn_event_channel(event), topics[i].channel);
        assert_string_equal(kn_event_name(event), topics[i].name);
        kn_event_free(event);
    }
    kn_worker_free(worker);
}

static void an_unknown_sender_has_no_uid(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    kn_client_free(client);
    test_browser *stranger = test_browser_connect(stage->url);
    assert_non_null(stranger);
    assert_true(test_browser_subscribe(stranger, "news"));
    kn_worker *worker = worker_on(stage);
    assert_true(test_browser_broadcast(stranger, "news", "hello", "{\"n\":1}"));
    kn_event *event = take(worker);
    assert_string_equal(kn_event_topic(event), "news/hello");
    assert_null(kn_event_uid(event));
    assert_string_equal(kn_event_sid(event), test_browser_sid(stranger));
    kn_event_free(event);
    kn_worker_free(worker);
    test_browser_free(stranger);
}

static void a_browser_cannot_forge_the_sender(void **state) {
    struct stage *stage = *state;
    kn_event *event = triggered(stage, "chat/save", "{\"uid\":\"root\",\"sid\":\"x\"}");
    assert_string_equal(kn_event_uid(event), "joe");
    assert_string_equal(kn_event_sid(event), test_browser_sid(browser_on(stage)));
    kn_event_free(event);
}

static void ids_tell_events_apart(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage);
    send_numbers(stage, "chat/save", 2);
    kn_event *first = take(worker);
    kn_event *second = take(worker);
    assert_string_not_equal(kn_event_id(first), kn_event_id(second));
    kn_event_free(first);
    kn_event_free(second);
    kn_worker_free(worker);
}

static void a_large_payload_comes_whole(void **state) {
    enum { SIZE = 900 * 1024 };
    char *data = malloc(SIZE + 1);
    assert_non_null(data);
    memset(data, 'x', SIZE);
    memcpy(data, "{\"a\":\"", 6);
    memcpy(data + SIZE - 2, "\"}", 3);
    kn_event *event = triggered(*state, "chat/save", data);
    size_t length = 0;
    const char *came = kn_event_data(event, &length);
    assert_true(length >= SIZE);
    assert_memory_equal(strstr(came, "xx"), data + 6, SIZE - 8);
    kn_event_free(event);
    free(data);
}

static void each_reference_is_freed_once(void **state) {
    kn_event *event = triggered(*state, "chat/save", "{}");
    assert_ptr_equal(kn_event_retain(event), event);
    kn_event_free(event);
    assert_string_equal(kn_event_topic(event), "chat/save");
    kn_event_free(event);
}

static void keep_event(kn_event *event, void *kept) { *(kn_event **)kept = kn_event_retain(event); }

static void a_handler_keeps_an_event_by_retaining_it(void **state) {
    struct stage *stage = *state;
    kn_event *kept = NULL;
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, stage->url, NULL, &worker);
    assert_ok(kn_worker_on, worker, "*/*", keep_event, &kept, NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 1);
    while (kept == NULL)
        assert_true(kn_worker_dispatch(worker, NULL) >= 0);
    kn_worker_free(worker);
    assert_int_equal(number_in(kept), 1);
    kn_event_free(kept);
}

/* ---- Answers: at most once, nobody waits for one ---- */

static void at_most_once_there_is_nothing_to_answer(void **state) {
    kn_event *event = triggered(*state, "chat/save", "{}");
    assert_status(KN_OK, kn_event_ack(event));
    assert_status(KN_OK, kn_event_ack(event));
    assert_status(KN_ESTATE, kn_event_nack(event, 0));
    assert_status(KN_ESTATE, kn_event_nack(event, 1000));
    assert_status(KN_EINVAL, kn_event_nack(event, -1));
    assert_status(KN_ESTATE, kn_event_decline(event, 0));
    assert_status(KN_EINVAL, kn_event_decline(event, -1));
    assert_status(KN_ESTATE, kn_event_extend(event));
    assert_status(KN_ESTATE, kn_event_defer(event)); /* this is no handler */
    kn_event_free(event);
}

struct deferral {
    kn_event *kept;
    kn_status in_handler;
};

static void defer_event(kn_event *event, void *user_data) {
    struct deferral *deferral = user_data;
    deferral->in_handler = kn_event_defer(event);
    deferral->kept = kn_event_retain(event);
}

static void only_the_handler_defers(void **state) {
    struct stage *stage = *state;
    struct deferral deferral = {NULL, KN_EINTERNAL};
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, stage->url, NULL, &worker);
    assert_ok(kn_worker_on, worker, "chat/save", defer_event, &deferral, NULL);
    connect_worker(worker);
    send_numbers(stage, "chat/save", 1);
    while (deferral.kept == NULL)
        assert_true(kn_worker_dispatch(worker, NULL) >= 0);
    assert_status(KN_OK, deferral.in_handler);
    assert_status(KN_ESTATE, kn_event_defer(deferral.kept));
    assert_status(KN_OK, kn_event_ack(deferral.kept));
    kn_event_free(deferral.kept);
    kn_worker_free(worker);
}

/* ---- Threads ---- */

static void *read_sender(void *event) {
    return strcmp(kn_event_uid(event), "joe") == 0 && kn_event_sid(event) != NULL ? event : NULL;
}

static void many_threads_read_an_event(void **state) {
    kn_event *event = triggered(*state, "chat/save", "{\"n\":1}");
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; ++i)
        assert_int_equal(pthread_create(&threads[i], NULL, read_sender, event), 0);
    for (int i = 0; i < THREADS; ++i) {
        void *read = NULL;
        pthread_join(threads[i], &read);
        assert_ptr_equal(read, event);
    }
    kn_event_free(event);
}

static void *free_event(void *event) {
    kn_event_free(event);
    return NULL;
}

static void references_are_freed_on_any_thread(void **state) {
    kn_event *event = triggered(*state, "chat/save", "{\"n\":1}");
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; ++i)
        assert_int_equal(pthread_create(&threads[i], NULL, free_event, kn_event_retain(event)), 0);
    kn_event_free(event);
    for (int i = 0; i < THREADS; ++i)
        pthread_join(threads[i], NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_no_event),
        on_stage(it_says_what_the_browser_sent),
        on_stage(a_topic_is_split_at_its_first_slash),
        on_stage(an_unknown_sender_has_no_uid),
        on_stage(a_browser_cannot_forge_the_sender),
        on_stage(ids_tell_events_apart),
        on_stage(a_large_payload_comes_whole),
        on_stage(each_reference_is_freed_once),
        on_stage(a_handler_keeps_an_event_by_retaining_it),
        on_stage(at_most_once_there_is_nothing_to_answer),
        on_stage(only_the_handler_defers),
        on_stage(many_threads_read_an_event),
        on_stage(references_are_freed_on_any_thread),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
