#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "pause.h"

static test_broker *broker;

int start_broker(void **state) {
    (void)state;
    broker = test_broker_start();
    return broker != NULL ? 0 : -1;
}

int stop_broker(void **state) {
    (void)state;
    return test_broker_free(broker) ? 0 : -1;
}

int set_stage(void **state) {
    static int number = 0;
    struct stage *stage = calloc(1, sizeof *stage);
    if (stage == NULL)
        return -1;
    stage->broker = broker;
    snprintf(stage->vhost, sizeof stage->vhost, "/test-%d", ++number);
    stage->url = test_broker_add_vhost(broker, stage->vhost);
    *state = stage;
    return stage->url != NULL ? 0 : -1;
}

int clear_stage(void **state) {
    struct stage *stage = *state;
    test_browser_free(stage->browser);
    free(stage->url);
    free(stage);
    return 0;
}

test_browser *browser_on(struct stage *stage) {
    if (stage->browser == NULL) {
        stage->browser = test_browser_connect(stage->url);
        assert_non_null(stage->browser);
        assert_true(test_browser_authenticate(stage->browser, "joe", ".*"));
    }
    return stage->browser;
}

kn_client *client_at(const char *url) {
    kn_client *client = NULL;
    assert_ok(kn_client_new, url, NULL, &client);
    return client;
}

kn_worker *worker_at(const char *url) {
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, url, NULL, &worker);
    return worker;
}

kn_client *client_on(const struct stage *stage) { return client_at(stage->url); }

kn_worker *worker_on(const struct stage *stage) {
    kn_worker *worker = worker_at(stage->url);
    connect_worker(worker);
    return worker;
}

void connect_worker(kn_worker *worker) {
    for (int64_t deadline = deadline_in(PATIENCE_MS);
         kn_worker_state(worker) != KN_WORKER_CONNECTED;) {
        kn_event *event = NULL;
        assert_says(KN_AGAIN, kn_worker_next, worker, 2, &event);
        assert_false(is_over(deadline));
    }
}

void send_numbers(struct stage *stage, const char *topic, int count) {
    for (int i = 1; i <= count; ++i) {
        char data[32];
        snprintf(data, sizeof data, "{\"n\":%d}", i);
        assert_true(test_browser_trigger(browser_on(stage), topic, data));
    }
}

/* It deals with one request after the other, so an answer tells that what came before was dealt
 * with. Twice, because it may send what it has for one connection after it has answered another. */
void settle(struct stage *stage) {
    static int number = 0;
    kn_client *client = client_on(stage);
    for (int i = 0; i < 2; ++i) {
        char channel[32];
        snprintf(channel, sizeof channel, "settled-%d", ++number);
        assert_ok(kn_client_open_channel, client, channel);
        assert_true(test_browser_subscribe(browser_on(stage), channel));
    }
    kn_client_free(client);
}

int number_in(const kn_event *event) {
    const char *member = strstr(kn_event_data(event, NULL), "\"n\":");
    return member != NULL ? atoi(member + 4) : -1;
}

void take_number(kn_worker *worker, int number) {
    kn_event *event = NULL;
    assert_ok(kn_worker_next, worker, PATIENCE_MS, &event);
    assert_int_equal(number_in(event), number);
    kn_event_free(event);
}
