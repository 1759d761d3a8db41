/* The broker goes and comes back: a worker goes on by itself, and a client says what is the matter.
 */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "pause.h"
#include "stage.h"

enum { REQUEST_TIMEOUT_MS = 2000 };

/* A worker that a thread runs, and what it has heard. */
struct running {
    kn_worker *worker;
    pthread_t thread;
    kn_status said;
    sem_t failed;
    sem_t missed_its_vhost;
    sem_t heard_nothing;
    sem_t received;
    int number; /* of the last event */
};

static void receive(kn_event *event, void *user_data) {
    struct running *running = user_data;
    running->number = number_in(event);
    sem_post(&running->received);
}

static void note_failure(const kn_error *error, void *user_data) {
    struct running *running = user_data;
    sem_post(&running->failed);
    if (kn_error_status(error) == KN_ENOVHOST)
        sem_post(&running->missed_its_vhost);
    if (kn_error_status(error) == KN_ETIMEOUT)
        sem_post(&running->heard_nothing);
}

static void *run(void *user_data) {
    struct running *running = user_data;
    running->said = kn_worker_run(running->worker, NULL);
    return NULL;
}

static void start_running(struct running *running, const char *url, int64_t idle_timeout_ms) {
    memset(running, 0, sizeof *running);
    sem_init(&running->failed, 0, 0);
    sem_init(&running->missed_its_vhost, 0, 0);
    sem_init(&running->heard_nothing, 0, 0);
    sem_init(&running->received, 0, 0);
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, 10, 100));
    assert_status(KN_OK, kn_options_set_idle_timeout_ms(options, idle_timeout_ms));
    assert_ok(kn_worker_new, url, options, &running->worker);
    kn_options_free(options);
    assert_ok(kn_worker_on, running->worker, "chat/save", receive, running, NULL);
    assert_ok(kn_worker_on_error, running->worker, note_failure, running, NULL);
    assert_int_equal(pthread_create(&running->thread, NULL, run, running), 0);
    wait_until(kn_worker_state(running->worker) == KN_WORKER_CONNECTED);
}

static void stop_running(struct running *running) {
    assert_ok(kn_worker_close, running->worker, PATIENCE_MS);
    pthread_join(running->thread, NULL);
    assert_status(KN_CLOSED, running->said);
    kn_worker_free(running->worker);
}

/* A page that just came, sends a number, and goes. */
static void send_from_new_page(const struct stage *stage, const char *number) {
    test_browser *browser = test_browser_connect(stage->url);
    assert_non_null(browser);
    assert_true(test_browser_authenticate(browser, "joe", ".*"));
    assert_true(test_browser_trigger(browser, "chat/save", number));
    test_browser_free(browser);
}

static kn_client *impatient_client(const struct stage *stage) {
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    assert_status(KN_OK, kn_options_set_request_timeout_ms(options, REQUEST_TIMEOUT_MS));
    assert_ok(kn_client_new, stage->url, options, &client);
    kn_options_free(options);
    return client;
}

/* The broker's end cannot hold a call up for longer than its limit. */
static void check_call_while_away(kn_client *client) {
    kn_error *error = NULL;
    const int64_t begin = now_ms();
    const kn_status said = kn_client_trigger(client, "news", "hello", NULL, 0, &error);
    assert_true(now_ms() - begin < REQUEST_TIMEOUT_MS + PATIENCE_MS);
    assert_true(said == KN_ECONNECT || said == KN_EIO);
    assert_status(said, kn_error_status(error));
    assert_true(kn_status_is_retriable(said));
    kn_error_free(error);
}

static void a_worker_goes_on_after_the_broker_was_killed(void **state) {
    struct stage *stage = *state;
    kn_client *client = impatient_client(stage);
    assert_ok(kn_client_open_channel, client, "news");
    struct running running;
    start_running(&running, stage->url, -1);
    send_from_new_page(stage, "{\"n\":1}");
    assert_true(was_posted(&running.received));
    assert_int_equal(running.number, 1);

    static const char *const numbers[] = {"{\"n\":2}", "{\"n\":3}"};
    for (int round = 0; round < 2; ++round) {
        assert_true(test_broker_kill(stage->broker));
        assert_true(was_posted(&running.failed));
        for (int call = 0; call < 3; ++call)
            check_call_while_away(client);

        assert_true(test_broker_start_again(stage->broker));
        wait_until(kn_worker_state(running.worker) == KN_WORKER_CONNECTED);
        send_from_new_page(stage, numbers[round]);
        assert_true(was_posted(&running.received));
        assert_int_equal(running.number, round + 2);
        assert_ok(kn_client_trigger, client, "news", "hello", NULL, 0); /* channels outlive it */
    }
    stop_running(&running);
    kn_client_free(client);
}

static void a_worker_goes_on_after_the_broker_was_stopped(void **state) {
    struct stage *stage = *state;
    struct running running;
    start_running(&running, stage->url, -1);
    assert_true(test_broker_stop(stage->broker));
    assert_true(was_posted(&running.failed));
    assert_true(test_broker_start_again(stage->broker));
    wait_until(kn_worker_state(running.worker) == KN_WORKER_CONNECTED);
    send_from_new_page(stage, "{\"n\":1}");
    assert_true(was_posted(&running.received));
    stop_running(&running);
}

static void a_worker_can_be_closed_while_the_broker_is_away(void **state) {
    struct stage *stage = *state;
    struct running running;
    start_running(&running, stage->url, -1);
    assert_true(test_broker_kill(stage->broker));
    assert_true(was_posted(&running.failed));
    stop_running(&running);
    assert_true(test_broker_start_again(stage->broker));
}

static void a_call_that_waits_hears_of_the_end(void **state) {
    struct stage *stage = *state;
    kn_client *client = impatient_client(stage);
    assert_ok(kn_client_open_channel, client, "news");
    test_broker_pause(stage->broker);
    assert_fails(KN_ETIMEOUT, kn_client_trigger, client, "news", "hello", NULL, 0);
    assert_true(test_broker_kill(stage->broker));
    check_call_while_away(client);
    assert_true(test_broker_start_again(stage->broker));
    assert_ok(kn_client_close_channel, client, "news");
    kn_client_free(client);
}

static void a_silent_broker_is_taken_for_dead(void **state) {
    struct stage *stage = *state;
    struct running running;
    start_running(&running, stage->url, 200);
    test_broker_pause(stage->broker);
    assert_true(was_posted(&running.heard_nothing)); /* on the stream that was open */
    assert_true(was_posted(&running.heard_nothing)); /* and on the try for another one */
    test_broker_resume(stage->broker);
    /* By then it may have been silent for too long once more. */
    wait_until(kn_worker_state(running.worker) == KN_WORKER_CONNECTED);
    stop_running(&running);
}

/* A vhost that goes may come back, as with a deployment; a token that is wrong stays wrong. */
static void a_connected_worker_waits_for_its_vhost_but_not_with_a_wrong_token(void **state) {
    struct stage *stage = *state;
    struct running running;
    start_running(&running, stage->url, -1);
    assert_true(test_broker_delete_vhost(stage->broker, stage->vhost));
    assert_true(was_posted(&running.missed_its_vhost));

    char *new_url = test_broker_add_vhost(stage->broker, stage->vhost);
    assert_non_null(new_url);
    pthread_join(running.thread, NULL);
    assert_status(KN_EUNAUTHORIZED, running.said);
    assert_int_equal(kn_worker_state(running.worker), KN_WORKER_CLOSED);
    kn_worker_free(running.worker);
    free(new_url);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        on_stage(a_worker_goes_on_after_the_broker_was_killed),
        on_stage(a_worker_goes_on_after_the_broker_was_stopped),
        on_stage(a_worker_can_be_closed_while_the_broker_is_away),
        on_stage(a_call_that_waits_hears_of_the_end),
        on_stage(a_silent_broker_is_taken_for_dead),
        on_stage(a_connected_worker_waits_for_its_vhost_but_not_with_a_wrong_token),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
