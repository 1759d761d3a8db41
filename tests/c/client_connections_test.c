/* client.h: the connections of a client, who may use them, and what they fail with. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>
#include <sys/socket.h>

#include "assertions.h"
#include "pause.h"
#include "stage.h"
#include "test_wiretap.h"

static kn_client *client_with_request_timeout(const char *url, int64_t timeout_ms) {
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    assert_status(KN_OK, kn_options_set_request_timeout_ms(options, timeout_ms));
    assert_ok(kn_client_new, url, options, &client);
    kn_options_free(options);
    return client;
}

static void nobody_there_is_a_connect_failure(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    char *token = garbage;
    assert_fails(KN_ECONNECT, kn_client_open_channel, client, "news");
    assert_fails(KN_ECONNECT, kn_client_close_channel, client, "news");
    assert_fails(KN_ECONNECT, kn_client_trigger, client, "news", "hello", "{}", 2);
    assert_fails(KN_ECONNECT, kn_client_request_token, client, "joe", ".*", &token);
    assert_null(token);
    kn_client_free(client);
}

static void a_silent_broker_is_a_timeout(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_with_request_timeout(stage->url, 50);
    test_broker_pause(stage->broker);
    const int64_t begin = now_ms();
    char *token = garbage;
    assert_fails(KN_ETIMEOUT, kn_client_open_channel, client, "news");
    assert_fails(KN_ETIMEOUT, kn_client_request_token, client, "joe", ".*", &token);
    assert_null(token);
    test_broker_resume(stage->broker);
    assert_true(now_ms() - begin >= 100); /* each took the time it was given */
    kn_client_free(client);

    client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    kn_client_free(client);
}

static void connections_are_kept_alive(void **state) {
    struct stage *stage = *state;
    test_wiretap *tap = test_wiretap_start(stage->url);
    assert_non_null(tap);
    kn_client *client = client_at(test_wiretap_url(tap));
    for (int i = 0; i < 10; ++i)
        assert_ok(kn_client_open_channel, client, "news");
    assert_fails(KN_ENOCHANNEL, kn_client_close_channel, client, "nowhere");
    assert_ok(kn_client_close_channel, client, "news");
    assert_int_equal(test_wiretap_connections(tap), 1);
    kn_client_free(client);
    test_wiretap_free(tap);
}

/* The stage's URL over TLS, which its broker does not speak. */
static void a_broker_without_tls_is_a_tls_failure(void **state) {
    struct stage *stage = *state;
    char url[256];
    snprintf(url, sizeof url, "https%s", stage->url + strlen("http"));
    kn_client *client = client_at(url);
    assert_fails(KN_ETLS, kn_client_open_channel, client, "news");
    kn_client_free(client);
}

struct sockets {
    int all;
    int inherited; /* by a program that this one would start */
};

static struct sockets own_tcp_sockets(void) {
    struct sockets sockets = {0, 0};
    for (int fd = 0; fd < 1024; ++fd) {
        struct sockaddr_storage address;
        socklen_t length = sizeof address;
        if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
            address.ss_family != AF_INET)
            continue;
        sockets.all++;
        sockets.inherited += (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
    }
    return sockets;
}

static void connections_are_close_on_exec(void **state) {
    kn_client *client = client_on(*state);
    const struct sockets before = own_tcp_sockets();
    assert_ok(kn_client_open_channel, client, "news");
    const struct sockets after = own_tcp_sockets();
    assert_int_equal(after.all, before.all + 1);
    assert_int_equal(after.inherited, before.inherited);
    kn_client_free(client);
    assert_int_equal(own_tcp_sockets().all, before.all);
}

/* ---- Threads ---- */

enum { THREADS = 8, CALLS_OF_EACH = 25 };

struct caller {
    pthread_t thread;
    kn_client *client;
    int number;
    kn_status first_failure;
};

static void *trigger_many(void *argument) {
    struct caller *caller = argument;
    for (int i = 0; i < CALLS_OF_EACH && caller->first_failure == KN_OK; ++i) {
        char data[64];
        snprintf(data, sizeof data, "{\"n\":%d}", caller->number * CALLS_OF_EACH + i);
        caller->first_failure =
            kn_client_trigger(caller->client, "news", "count", data, strlen(data), NULL);
    }
    return NULL;
}

static void many_threads_share_a_client(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    assert_true(test_browser_subscribe(browser_on(stage), "news"));

    struct caller callers[THREADS];
    for (int i = 0; i < THREADS; ++i) {
        callers[i] = (struct caller){.client = client, .number = i, .first_failure = KN_OK};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, trigger_many, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; ++i)
        pthread_join(callers[i].thread, NULL);
    for (int i = 0; i < THREADS; ++i)
        assert_status(KN_OK, callers[i].first_failure);

    int seen[THREADS * CALLS_OF_EACH] = {0};
    for (int i = 0; i < THREADS * CALLS_OF_EACH; ++i) {
        char *payload = test_browser_wait_for(browser_on(stage), "count");
        assert_non_null(payload);
        const int number = atoi(strstr(payload, "\"n\":") + 4);
        free(payload);
        assert_true(number >= 0 && number < THREADS * CALLS_OF_EACH);
        assert_int_equal(seen[number]++, 0);
    }
    kn_client_free(client);
}

static void *open_one(void *argument) {
    struct caller *caller = argument;
    caller->first_failure = kn_client_open_channel(caller->client, "news", NULL);
    return NULL;
}

static int has_sent_something(const test_wiretap *tap) {
    size_t length = 0;
    free(test_wiretap_sent(tap, &length));
    return length > 0;
}

static void a_call_outlives_its_client_s_free(void **state) {
    struct stage *stage = *state;
    test_wiretap *tap = test_wiretap_start(stage->url);
    assert_non_null(tap);
    struct caller caller = {.client = client_at(test_wiretap_url(tap))};
    test_broker_pause(stage->broker);
    assert_int_equal(pthread_create(&caller.thread, NULL, open_one, &caller), 0);
    wait_until(has_sent_something(tap)); /* so it is inside */
    kn_client_free(caller.client);
    test_broker_resume(stage->broker);
    pthread_join(caller.thread, NULL);
    assert_status(KN_OK, caller.first_failure);
    test_wiretap_free(tap);
}

static void *cancel_oneself_and_call(void *argument) {
    struct caller *caller = argument;
    pthread_cancel(pthread_self());
    caller->first_failure = kn_client_open_channel(caller->client, "news", NULL);
    pthread_testcancel();
    return NULL;
}

static void a_cancelled_thread_finishes_its_call(void **state) {
    struct caller caller = {.client = client_on(*state), .first_failure = KN_EINTERNAL};
    void *result = NULL;
    assert_int_equal(pthread_create(&caller.thread, NULL, cancel_oneself_and_call, &caller), 0);
    pthread_join(caller.thread, &result);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_status(KN_OK, caller.first_failure);
    assert_ok(kn_client_close_channel, caller.client, "news");
    kn_client_free(caller.client);
}

/* ---- Limits ---- */

static void out_of_descriptors_is_no_memory_and_passes(void **state) {
    kn_client *client = client_on(*state);
    struct rlimit before, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    kn_error *error = NULL;
    const kn_status said = kn_client_open_channel(client, "news", &error);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_status(KN_ENOMEM, said);
    assert_status(KN_ENOMEM, kn_error_status(error));
    kn_error_free(error);
    assert_ok(kn_client_open_channel, client, "news");
    kn_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_there_is_a_connect_failure),
        on_stage(a_silent_broker_is_a_timeout),
        on_stage(a_broker_without_tls_is_a_tls_failure),
        on_stage(connections_are_kept_alive),
        on_stage(connections_are_close_on_exec),
        on_stage(many_threads_share_a_client),
        on_stage(a_call_outlives_its_client_s_free),
        on_stage(a_cancelled_thread_finishes_its_call),
        on_stage(out_of_descriptors_is_no_memory_and_passes),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
