/* worker.h: the one descriptor, in poll() and in an edge-triggered epoll. */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/epoll.h>

#include "assertions.h"
#include "callbacks.h"
#include "pause.h"
#include "stage.h"

static int is_readable_within(kn_worker *worker, int timeout_ms) {
    struct pollfd polled = {kn_worker_fd(worker), POLLIN, 0};
    const int ready = poll(&polled, 1, timeout_ms);
    assert_true(ready == 0 || ready == 1);
    return ready == 1 && (polled.revents & POLLIN) != 0;
}

static int is_readable(kn_worker *worker) { return is_readable_within(worker, 0); }

/* Calls next without waiting until it has nothing more to say, and the descriptor agrees. */
static void calm_down(kn_worker *worker) {
    wait_until(kn_worker_next(worker, 0, &(kn_event *){NULL}, NULL) == KN_AGAIN &&
               !is_readable(worker));
}

/* Connects as a loop would: next is called only when the descriptor is readable. */
static void connect_by_polling(kn_worker *worker) {
    while (kn_worker_state(worker) != KN_WORKER_CONNECTED) {
        assert_true(is_readable_within(worker, PATIENCE_MS));
        assert_says(KN_AGAIN, kn_worker_next, worker, 0, &(kn_event *){NULL});
    }
}

static void it_is_one_for_a_whole_life(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    const int fd = kn_worker_fd(worker);
    assert_true(fd >= 0);
    connect_worker(worker);
    assert_int_equal(kn_worker_fd(worker), fd);
    assert_ok(kn_worker_close, worker, -1);
    assert_int_equal(kn_worker_fd(worker), fd);
    kn_worker_free(worker);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* it is closed with the worker */
}

static void it_is_close_on_exec_and_nonblocking(void **state) {
    (void)state;
    kn_worker *worker = worker_at(test_unused_address());
    assert_true((fcntl(kn_worker_fd(worker), F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(kn_worker_fd(worker), F_GETFL) & O_NONBLOCK) != 0);
    kn_worker_free(worker);
}

static void it_is_readable_from_the_start(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    assert_true(is_readable(worker));
    connect_by_polling(worker);
    kn_worker_free(worker);
}

static void it_calms_down_and_wakes_for_events(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    connect_by_polling(worker);
    for (int round = 0; round < 3; ++round) {
        calm_down(worker);
        send_numbers(stage, "chat/save", 3);
        for (int i = 1; i <= 3;) {
            assert_true(is_readable_within(worker, PATIENCE_MS));
            kn_event *event = NULL;
            const kn_status said = kn_worker_next(worker, 0, &event, NULL);
            if (said == KN_AGAIN)
                continue;
            assert_status(KN_OK, said);
            assert_int_equal(number_in(event), i++);
            kn_event_free(event);
        }
    }
    kn_worker_free(worker);
}

/* Three events that came together: one read brings all of them, and the socket is empty. */
static void check_readable_while_events_wait(struct stage *stage, kn_worker *worker) {
    send_numbers(stage, "chat/save", 3);
    settle(stage);
    take_number(worker, 1);
    for (int i = 2; i <= 3; ++i) {
        assert_true(is_readable(worker));
        take_number(worker, i);
    }
}

static void it_is_readable_while_events_wait(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    connect_by_polling(worker);
    calm_down(worker);
    check_readable_while_events_wait(stage, worker);
    calm_down(worker);
    kn_worker_free(worker);
}

static void it_is_readable_even_for_events_read_before_it_was_asked_for(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_on(stage); /* nobody has asked for the descriptor yet */
    check_readable_while_events_wait(stage, worker);
    kn_worker_free(worker);
}

static void it_serves_dispatch(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls calls = {0};
    assert_ok(kn_worker_on, worker, "chat/save", count_event, &calls, NULL);
    connect_by_polling(worker);
    send_numbers(stage, "chat/save", 20);
    while (calls.count < 20) {
        assert_true(is_readable_within(worker, PATIENCE_MS));
        const kn_status said = kn_worker_dispatch(worker, NULL);
        assert_true(said == KN_OK || said == KN_AGAIN);
    }
    kn_worker_free(worker);
}

static void it_wakes_for_the_reconnect_timer(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, 10, 20));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, test_unused_address(), options, &worker);
    kn_options_free(options);
    struct calls failures = {0};
    assert_ok(kn_worker_on_error, worker, count_error, &failures, NULL);
    while (failures.count < 3) {
        assert_true(is_readable_within(worker, PATIENCE_MS));
        assert_says(KN_AGAIN, kn_worker_next, worker, 0, &(kn_event *){NULL});
    }
    kn_worker_free(worker);
}

static void *interrupt_it(void *worker) {
    pause_briefly(); /* so that the other is likely to be in poll() already */
    kn_worker_interrupt(worker);
    return NULL;
}

static void it_wakes_for_an_interrupt(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    connect_by_polling(worker);
    calm_down(worker);
    assert_status(KN_OK, kn_worker_interrupt(worker));
    assert_true(is_readable(worker)); /* at once; later it might be for a heartbeat */
    assert_says(KN_INTERRUPTED, kn_worker_next, worker, 0, &(kn_event *){NULL});
    calm_down(worker);
    pthread_t other;
    assert_int_equal(pthread_create(&other, NULL, interrupt_it, worker), 0);
    assert_true(is_readable_within(worker, PATIENCE_MS));
    pthread_join(other, NULL);
    assert_says(KN_INTERRUPTED, kn_worker_next, worker, 0, &(kn_event *){NULL});
    calm_down(worker);
    kn_worker_free(worker);
}

/* Once closed or failed. */
static void check_readable_for_good(kn_worker *worker) {
    for (int i = 0; i < 3; ++i) {
        assert_true(is_readable(worker));
        assert_says(KN_CLOSED, kn_worker_next, worker, 0, &(kn_event *){NULL});
    }
}

static void it_is_readable_for_good_once_closed(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    connect_by_polling(worker);
    calm_down(worker);
    assert_ok(kn_worker_close, worker, -1);
    check_readable_for_good(worker);
    kn_worker_free(worker);
}

static void it_is_readable_for_good_once_failed(void **state) {
    struct stage *stage = *state;
    assert_true(test_broker_delete_vhost(stage->broker, stage->vhost));
    kn_worker *worker = worker_at(stage->url);
    kn_status said = KN_AGAIN;
    while (said == KN_AGAIN) {
        assert_true(is_readable_within(worker, PATIENCE_MS));
        said = kn_worker_next(worker, 0, &(kn_event *){NULL}, NULL);
    }
    assert_status(KN_ENOVHOST, said);
    check_readable_for_good(worker);
    kn_worker_free(worker);
}

/* ---- Edge-triggered: as Go and tokio poll ---- */

struct edge {
    int epoll;
    kn_worker *worker;
};

static struct edge watch_edges(kn_worker *worker) {
    struct edge edge = {epoll_create1(EPOLL_CLOEXEC), worker};
    assert_true(edge.epoll >= 0);
    struct epoll_event event;
    memset(&event, 0, sizeof event);
    event.events = EPOLLIN | EPOLLET;
    assert_int_equal(epoll_ctl(edge.epoll, EPOLL_CTL_ADD, kn_worker_fd(worker), &event), 0);
    return edge;
}

static void await_edge(const struct edge *edge) {
    struct epoll_event event;
    assert_int_equal(epoll_wait(edge->epoll, &event, 1, PATIENCE_MS), 1);
}

static void forget(struct edge *edge) {
    assert_int_equal(epoll_ctl(edge->epoll, EPOLL_CTL_DEL, kn_worker_fd(edge->worker), NULL), 0);
    close(edge->epoll);
    kn_worker_free(edge->worker);
}

static void an_edge_triggered_loop_misses_nothing(void **state) {
    struct stage *stage = *state;
    struct edge edge = watch_edges(worker_at(stage->url));
    kn_event *event = NULL;
    while (kn_worker_state(edge.worker) != KN_WORKER_CONNECTED) {
        await_edge(&edge);
        assert_says(KN_AGAIN, kn_worker_next, edge.worker, 0, &event);
    }
    for (int round = 0; round < 5; ++round) {
        send_numbers(stage, "chat/save", 100);
        for (int number = 0; number < 100;) {
            await_edge(&edge);
            kn_status said;
            while ((said = kn_worker_next(edge.worker, 0, &event, NULL)) == KN_OK) {
                assert_int_equal(number_in(event), ++number);
                kn_event_free(event);
            }
            assert_status(KN_AGAIN, said);
        }
    }
    assert_status(KN_OK, kn_worker_interrupt(edge.worker));
    await_edge(&edge);
    assert_says(KN_INTERRUPTED, kn_worker_next, edge.worker, 0, &event);
    assert_says(KN_AGAIN, kn_worker_next, edge.worker, 0, &event);
    assert_ok(kn_worker_close, edge.worker, 0);
    await_edge(&edge);
    assert_says(KN_CLOSED, kn_worker_next, edge.worker, 0, &event);
    forget(&edge);
}

static void an_edge_triggered_loop_dispatches_until_again(void **state) {
    struct stage *stage = *state;
    kn_worker *worker = worker_at(stage->url);
    struct calls calls = {0};
    assert_ok(kn_worker_on, worker, "chat/save", count_event, &calls, NULL);
    struct edge edge = watch_edges(worker);
    for (int round = 1; round <= 5; ++round) {
        while (kn_worker_state(worker) != KN_WORKER_CONNECTED || calls.count < round * 50 - 50) {
            await_edge(&edge);
            kn_status said;
            while ((said = kn_worker_dispatch(worker, NULL)) == KN_OK) {
            }
            assert_status(KN_AGAIN, said);
        }
        send_numbers(stage, "chat/save", 50);
    }
    forget(&edge);
}

static void an_edge_triggered_loop_wakes_for_the_reconnect_timer(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_reconnect_delay_ms(options, 10, 20));
    kn_worker *worker = NULL;
    assert_ok(kn_worker_new, test_unused_address(), options, &worker);
    kn_options_free(options);
    struct calls failures = {0};
    assert_ok(kn_worker_on_error, worker, count_error, &failures, NULL);
    struct edge edge = watch_edges(worker);
    while (failures.count < 5) {
        await_edge(&edge);
        assert_says(KN_AGAIN, kn_worker_next, worker, 0, &(kn_event *){NULL});
    }
    forget(&edge);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        on_stage(it_is_one_for_a_whole_life),
        cmocka_unit_test(it_is_close_on_exec_and_nonblocking),
        on_stage(it_is_readable_from_the_start),
        on_stage(it_calms_down_and_wakes_for_events),
        on_stage(it_is_readable_while_events_wait),
        on_stage(it_is_readable_even_for_events_read_before_it_was_asked_for),
        on_stage(it_serves_dispatch),
        cmocka_unit_test(it_wakes_for_the_reconnect_timer),
        on_stage(it_wakes_for_an_interrupt),
        on_stage(it_is_readable_for_good_once_closed),
        on_stage(it_is_readable_for_good_once_failed),
        on_stage(an_edge_triggered_loop_misses_nothing),
        on_stage(an_edge_triggered_loop_dispatches_until_again),
        cmocka_unit_test(an_edge_triggered_loop_wakes_for_the_reconnect_timer),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
