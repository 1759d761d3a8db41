/* What most tests stand on: one broker for all tests of a program, and for each test a vhost of its
 * own, with a browser on it once one is asked for. */
#ifndef TEST_STAGE_H
#define TEST_STAGE_H

#include <kosmonaut/kosmonaut.h>

#include "test_broker.h"
#include "test_browser.h"

struct stage {
    test_broker *broker;
    char vhost[32];
    char *url;             /* with the token */
    test_browser *browser; /* once browser_on() was called */
};

/* For cmocka: of a group of tests, and of each one. */
int start_broker(void **state);
int stop_broker(void **state);
int set_stage(void **state);
int clear_stage(void **state);

/* A test that gets a stage. */
#define on_stage(test) cmocka_unit_test_setup_teardown(test, set_stage, clear_stage)

/* These fail the test when they do not work. */

/* Authenticated as "joe", who may be on every channel. */
test_browser *browser_on(struct stage *stage);
kn_client *client_at(const char *url);
kn_worker *worker_at(const char *url); /* not used yet */
kn_client *client_on(const struct stage *stage);
/* A worker that is connected, so that it misses nothing from now on. */
kn_worker *worker_on(const struct stage *stage);
/* Moves a worker on until it is connected. */
void connect_worker(kn_worker *worker);
/* A browser sends `{"n":1}` to `{"n":COUNT}` to the workers. */
void send_numbers(struct stage *stage, const char *topic, int count);
/* Returns when the broker has sent all that the stage's browser triggered before. */
void settle(struct stage *stage);
/* The number in such an event. */
int number_in(const kn_event *event);
/* Takes the next event, which has to come, and has to have that number. */
void take_number(kn_worker *worker, int number);

/* How long anything may take that happens for certain, in milliseconds. */
enum { PATIENCE_MS = 20000 };

#endif
