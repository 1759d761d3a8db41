/* Watches a worker in a poll() loop of one's own, here beside the terminal: Enter ends it.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST worker_poll
 * One descriptor for the worker's whole life tells of data, timers and reconnecting alike. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <kosmonaut/kosmonaut.h>

static void on_anything(kn_event *event, void *user_data) {
    (void)user_data;
    printf("%s %s\n", kn_event_topic(event), kn_event_data(event, NULL));
    fflush(stdout);
}

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    struct pollfd watched[2];
    kn_worker *worker = NULL;
    kn_error *error = NULL;
    kn_status status = KN_OK;
    int running = 1;

    if (url == NULL) {
        fputs("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n", stderr);
        return 2;
    }

    status = kn_worker_new(url, NULL, &worker, &error);
    if (status == KN_OK) {
        status = kn_worker_on(worker, "*/*", on_anything, NULL, NULL, &error);
    }

    watched[0].fd = kn_worker_fd(worker);
    watched[0].events = POLLIN;
    watched[1].fd = STDIN_FILENO;
    watched[1].events = POLLIN;
    while (running && (status == KN_OK || status == KN_AGAIN)) {
        if (poll(watched, 2, -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            perror("poll");
            break;
        }
        if (watched[0].revents != 0) {
            status = kn_worker_dispatch(worker, &error);
        }
        if (watched[1].revents != 0) {
            running = 0;
        }
    }

    if (status < 0) {
        fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
    }
    kn_error_free(error);
    kn_worker_free(worker);
    return status < 0 ? 1 : 0;
}
