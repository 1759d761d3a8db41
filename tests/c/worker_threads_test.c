/* worker.h: what other threads may do while one is inside, and what signals may. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include <sys/time.h>

#include "assertions.h"
#include "callbacks.h"
#include "pause.h"
#include "stage.h"

/* ---- A thread that drives a worker ---- */

struct driver {
    pthread_t thread;
    kn_worker *worker;
    kn_status said;
    kn_event *event;
};

static void *wait_in_next(void *argument) {
    struct driver *driver = argument;
    driver->event = garbage;
    driver->said = kn_worker_next(driver->worker, -1, &driver->event, NULL);
    return NULL;
}

static void *wait_in_run(void *argument) {
    struct driver *driver = argument;
    driver->said = kn_worker_run(driver->worker, NULL);
    return NULL;
}

static void start(struct driver *driver, void *(*drive)(void *)) {
    assert_int_equal(pthread_create(&driver->thread, NULL, drive, driver), 0);
}

/* Only the driver moves the worker on: once it is connected, the driver is inside, and since nobody
 * sends anything it stays there. */
static void start_and_see_inside(struct driver *driver, void *(*drive)(void *)) {
    start(driver, drive);
    wait_until(kn_worker_state(driver->worker) == KN_WORKER_CONNECTED);
}

static kn_status end_of(struct driver *driver) {
    pthread_join(driver->thread, NULL);
    return driver->said;
}

/* ---- A callback that stays inside until it is told to go ---- */

struct gate {
    struct calls calls;
    sem_t entered;
    sem_t released;
    pthread_t destroyed_on;
};

static void make_gate(struct gate *gate) {
    memset(gate, 0, sizeof *gate);
    assert_int_equal(sem_init(&gate->entered, 0, 0), 0);
    assert_int_equal(sem_init(&gate->released, 0, 0), 0);
}

static void stay(struct gate *gate) {
    sem_post(&gate->entered);
    was_posted(&gate->released);
}

static void stay_on_error(const kn_error *error, void *gate) {
    count_error(error, &((struct gate *)gate)->calls);
    stay(gate);
}

static void stay_on_event(kn_event *event, void *gate) {
    count_event(event, &((struct gate *)gate)->calls);
    stay(gate);
}

static void destroy_gate(void *user_data) {
    struct gate *gate = user_data;
    count_destroy(&gate->calls);
    gate->destroyed_on = pthread_self();
}

/* ---- Waking who waits ---- */

static void an_interrupt_wakes_next(void **state) {
    struct stage *stage = *state;
    struct driver driver = {.worker = worker_at(stage->url)};
    start_and_see_inside(&driver, wait_in_next);
    assert_status(KN_OK, kn_worker_interrupt(driver.worker));
    assert_status(KN_INTERRUPTED, end_of(&driver));
    assert_null(driver.event);
    kn_worker_free(driver.worker);
}

static void an_interrupt_wakes_run(void **state) {
    struct stage *stage = *state;
    struct driver driver = {.worker = worker_at(stage->url)};
    struct calls calls = {0};
    assert_ok(kn_worker_on, driver.worker, "*/*", count_event, &calls, NULL);
    start_and_see_inside(&driver, wait_in_run);
    assert_status(KN_OK, kn_worker_interrupt(driver.worker));
    assert_status(KN_INTERRUPTED, end_of(&driver));
    kn_worker_free(driver.worker);
}

static void close_wakes_next_and_waits_for_it(void **state) {
    struct stage *stage = *state;
    struct driver driver = {.worker = worker_at(stage->url)};
    start_and_see_inside(&driver, wait_in_next);
    assert_ok(kn_worker_close, driver.worker, PATIENCE_MS);
    assert_int_equal(kn_worker_state(driver.worker), KN_WORKER_CLOSED);
    assert_status(KN_CLOSED, end_of(&driver));
    assert_null(driver.event);
    kn_worker_free(driver.worker);
}

static void close_wakes_run(void **state) {
    struct stage *stage = *state;
    struct driver driver = {.worker = worker_at(stage->url)};
    struct calls calls = {0};
    assert_ok(kn_worker_on, driver.worker, "*/*", count_event, &calls, NULL);
    start_and_see_inside(&driver, wait_in_run);
    assert_ok(kn_worker_close, driver.worker, -1);
    assert_status(KN_CLOSED, end_of(&driver));
    kn_worker_free(driver.worker);
}

static void free_wakes_who_is_inside(void **state) {
    struct stage *stage = *state;
    struct driver driver = {.worker = worker_at(stage->url)};
    struct gate gate;
    make_gate(&gate);
    assert_ok(kn_worker_on, driver.worker, "*/*", stay_on_event, &gate, destroy_gate);
    start_and_see_inside(&driver, wait_in_next);
    kn_worker_free(driver.worker);
    assert_status(KN_CLOSED, end_of(&driver));
    assert_null(driver.event);
    assert_int_equal(gate.calls.destroyed, 1);
    wait_until(test_broker_workers(stage->broker, stage->vhost) == 0);
}

/* ---- Beside a call ---- */

static void a_second_driver_is_refused_at_once(void **state) {
    (void)state;
    struct driver driver = {.worker = worker_at(test_unused_address())};
    struct gate gate;
    struct calls unused = {0};
    make_gate(&gate);
    kn_worker *worker = driver.worker;
    assert_ok(kn_worker_on, worker, "a/b", count_event, &unused, NULL);
    assert_ok(kn_worker_on_error, worker, stay_on_error, &gate, destroy_gate);
    start(&driver, wait_in_next);
    assert_true(was_posted(&gate.entered));

    kn_event *event = garbage;
    assert_fails(KN_ESTATE, kn_worker_next, worker, -1, &event);
    assert_null(event);
    assert_fails(KN_ESTATE, kn_worker_run, worker);
    assert_fails(KN_ESTATE, kn_worker_dispatch, worker);
    assert_fails(KN_ESTATE, kn_worker_on, worker, "a/b", count_event, &unused, count_destroy);
    assert_int_equal(unused.destroyed, 1);
    assert_fails(KN_ESTATE, kn_worker_on_error, worker, count_error, &unused, count_destroy);
    assert_int_equal(unused.destroyed, 2);
    /* What any thread may do. */
    assert_true(kn_worker_fd(worker) >= 0);
    assert_int_equal(kn_worker_state(worker), KN_WORKER_WAITING);
    assert_status(KN_OK, kn_worker_interrupt(worker));

    sem_post(&gate.released);
    assert_status(KN_INTERRUPTED, end_of(&driver));
    kn_worker_free(worker);
    assert_int_equal(gate.calls.destroyed, 1);
    assert_int_equal(unused.destroyed, 2);
}

static void once_closing_the_answer_is_closed(void **state) {
    (void)state;
    struct driver driver = {.worker = worker_at(test_unused_address())};
    struct gate gate;
    struct calls unused = {0};
    make_gate(&gate);
    kn_worker *worker = driver.worker;
    assert_ok(kn_worker_on_error, worker, stay_on_error, &gate, destroy_gate);
    start(&driver, wait_in_next);
    assert_true(was_posted(&gate.entered));

    assert_says(KN_AGAIN, kn_worker_close, worker, 0); /* the callback is still inside */
    assert_int_equal(kn_worker_state(worker), KN_WORKER_CLOSING);
    assert_says(KN_AGAIN, kn_worker_close, worker, 20);
    kn_event *event = garbage;
    assert_says(KN_CLOSED, kn_worker_next, worker, -1, &event);
    assert_null(event);
    assert_says(KN_CLOSED, kn_worker_run, worker);
    assert_says(KN_CLOSED, kn_worker_dispatch, worker);
    assert_says(KN_CLOSED, kn_worker_on, worker, "a/b", count_event, &unused, count_destroy);
    assert_says(KN_CLOSED, kn_worker_on_error, worker, count_error, &unused, count_destroy);
    assert_int_equal(unused.destroyed, 2);

    sem_post(&gate.released);
    assert_ok(kn_worker_close, worker, PATIENCE_MS);
    assert_status(KN_CLOSED, end_of(&driver));
    kn_worker_free(worker);
    assert_int_equal(gate.calls.destroyed, 1);
}

static void the_request_timeout_bounds_close_for_ever(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_request_timeout_ms(options, 30));
    struct driver driver = {.worker = NULL};
    assert_ok(kn_worker_new, test_unused_address(), options, &driver.worker);
    kn_options_free(options);
    struct gate gate;
    make_gate(&gate);
    assert_ok(kn_worker_on_error, driver.worker, stay_on_error, &gate, destroy_gate);
    start(&driver, wait_in_next);
    assert_true(was_posted(&gate.entered));
    assert_says(KN_AGAIN, kn_worker_close, driver.worker, -1);
    sem_post(&gate.released);
    assert_status(KN_CLOSED, end_of(&driver));
    assert_ok(kn_worker_close, driver.worker, 0);
    kn_worker_free(driver.worker);
}

static void free_beside_a_callback_leaves_the_rest_to_its_thread(void **state) {
    (void)state;
    struct driver driver = {.worker = worker_at(test_unused_address())};
    struct gate gate;
    make_gate(&gate);
    assert_ok(kn_worker_on_error, driver.worker, stay_on_error, &gate, destroy_gate);
    start(&driver, wait_in_next);
    assert_true(was_posted(&gate.entered));
    kn_worker_free(driver.worker);
    assert_int_equal(gate.calls.destroyed, 0); /* its callback is running */
    sem_post(&gate.released);
    assert_status(KN_CLOSED, end_of(&driver));
    assert_null(driver.event);
    assert_int_equal(gate.calls.destroyed, 1);
    assert_true(pthread_equal(gate.destroyed_on, driver.thread));
    assert_false(gate.calls.is_called_late);
}

static void *wait_in_close(void *argument) {
    struct driver *driver = argument;
    driver->said = kn_worker_close(driver->worker, -1, NULL);
    return NULL;
}

/* At once, and not when its time limit is over: it has none. */
static void a_close_that_waits_hears_that_the_worker_was_freed(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_request_timeout_ms(options, -1));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, test_unused_address(), options, &worker);
    kn_options_free(options);
    struct driver driver = {.worker = worker}, closer = {.worker = worker};
    struct gate gate;
    make_gate(&gate);
    assert_ok(kn_worker_on_error, worker, stay_on_error, &gate, destroy_gate);
    start(&driver, wait_in_next);
    assert_true(was_posted(&gate.entered));
    start(&closer, wait_in_close);
    wait_until(kn_worker_state(worker) == KN_WORKER_CLOSING); /* so it is inside */
    kn_worker_free(worker);
    sem_post(&gate.released);
    assert_status(KN_CLOSED, end_of(&driver));
    assert_status(KN_CLOSED, end_of(&closer));
    assert_int_equal(gate.calls.destroyed, 1);
}

/* ---- Many threads ---- */

enum { INTERRUPTERS = 4, INTERRUPTS_OF_EACH = 200 };

static void *interrupt_often(void *worker) {
    for (int i = 0; i < INTERRUPTS_OF_EACH; ++i)
        kn_worker_interrupt(worker);
    return NULL;
}

static void many_threads_interrupt(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage);
    send_numbers(stage, "chat/save", 50);
    pthread_t threads[INTERRUPTERS];
    for (int i = 0; i < INTERRUPTERS; ++i)
        assert_int_equal(pthread_create(&threads[i], NULL, interrupt_often, worker), 0);
    int events = 0, interrupts = 0;
    while (events < 50 || interrupts == 0) {
        kn_event *event = NULL;
        const kn_status said = kn_worker_next(worker, PATIENCE_MS, &event, NULL);
        if (said == KN_INTERRUPTED) {
            ++interrupts;
            continue;
        }
        assert_status(KN_OK, said);
        assert_int_equal(number_in(event), ++events); /* none is lost, none comes twice */
        kn_event_free(event);
    }
    for (int i = 0; i < INTERRUPTERS; ++i)
        pthread_join(threads[i], NULL);
    kn_worker_free(worker);
}

static void *close_now(void *argument) {
    struct driver *driver = argument;
    driver->said = kn_worker_close(driver->worker, PATIENCE_MS, NULL);
    return NULL;
}

static void many_threads_close(void **state) {
    struct stage *stage = *state;
    struct driver driver = {.worker = worker_at(stage->url)};
    struct driver closers[4];
    start_and_see_inside(&driver, wait_in_next);
    for (int i = 0; i < 4; ++i) {
        closers[i] = (struct driver){.worker = driver.worker};
        start(&closers[i], close_now);
    }
    for (int i = 0; i < 4; ++i)
        assert_status(KN_OK, end_of(&closers[i]));
    assert_status(KN_CLOSED, end_of(&driver));
    kn_worker_free(driver.worker);
}

static void a_worker_goes_from_thread_to_thread(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage);
    send_numbers(stage, "chat/save", 10);
    for (int i = 1; i <= 10; ++i) {
        struct driver driver = {.worker = worker};
        start(&driver, wait_in_next);
        assert_status(KN_OK, end_of(&driver));
        assert_int_equal(number_in(driver.event), i);
        kn_event_free(driver.event);
    }
    kn_worker_free(worker);
}

static void *wait_in_next_and_be_cancelled(void *argument) {
    wait_in_next(argument);
    pthread_testcancel();
    return NULL;
}

static void cancellation_waits_for_the_end_of_the_call(void **state) {
    struct stage *stage = *state;
    struct driver driver = {.worker = worker_at(stage->url)};
    start_and_see_inside(&driver, wait_in_next_and_be_cancelled);
    pthread_cancel(driver.thread);
    kn_worker_interrupt(driver.worker);
    void *result = NULL;
    pthread_join(driver.thread, &result);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_status(KN_INTERRUPTED, driver.said);
    kn_worker_free(driver.worker);
}

/* ---- Signals ---- */

static kn_worker *worker_of_signal;
static volatile sig_atomic_t signals;

static void count_signal(int number) {
    (void)number;
    ++signals;
}

static void interrupt_in_signal(int number) {
    count_signal(number);
    kn_worker_interrupt(worker_of_signal);
}

static void set_alarm(void (*handler)(int), int first_ms, int interval_ms) {
    struct sigaction action;
    memset(&action, 0, sizeof action); /* and so without SA_RESTART */
    action.sa_handler = handler;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    const struct itimerval timer = {{0, interval_ms * 1000}, {0, first_ms * 1000}};
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void clear_alarm(void) {
    const struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_DFL);
}

static void a_signal_handler_may_interrupt(void **state) {
    worker_of_signal = worker_on(*state);
    kn_event *event = garbage;
    set_alarm(interrupt_in_signal, 20, 0);
    assert_says(KN_INTERRUPTED, kn_worker_next, worker_of_signal, PATIENCE_MS, &event);
    clear_alarm();
    assert_null(event);
    kn_worker_free(worker_of_signal);
}

static void a_signal_alone_ends_no_wait(void **state) {
    kn_worker *worker = worker_on(*state);
    signals = 0;
    set_alarm(count_signal, 5, 5);
    const int64_t begin = now_ms();
    do {
        kn_event *event = NULL;
        assert_says(KN_AGAIN, kn_worker_next, worker, 100, &event);
    } while (signals == 0);
    const int64_t end = now_ms();
    clear_alarm();
    assert_true(end - begin >= 99);
    kn_worker_free(worker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        on_stage(an_interrupt_wakes_next),
        on_stage(an_interrupt_wakes_run),
        on_stage(close_wakes_next_and_waits_for_it),
        on_stage(close_wakes_run),
        on_stage(free_wakes_who_is_inside),
        cmocka_unit_test(a_second_driver_is_refused_at_once),
        cmocka_unit_test(once_closing_the_answer_is_closed),
        cmocka_unit_test(the_request_timeout_bounds_close_for_ever),
        cmocka_unit_test(free_beside_a_callback_leaves_the_rest_to_its_thread),
        cmocka_unit_test(a_close_that_waits_hears_that_the_worker_was_freed),
        on_stage(many_threads_interrupt),
        on_stage(many_threads_close),
        on_stage(a_worker_goes_from_thread_to_thread),
        on_stage(cancellation_waits_for_the_end_of_the_call),
        on_stage(a_signal_handler_may_interrupt),
        on_stage(a_signal_alone_ends_no_wait),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
