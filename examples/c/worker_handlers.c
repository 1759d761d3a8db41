/* Gives each kind of event a handler and runs until Ctrl-C, which ends it cleanly.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST worker_handlers
 * kn_worker_interrupt() is one of the few calls that may be made inside a signal handler. */
#define _POSIX_C_SOURCE 200809L

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kosmonaut/kosmonaut.h>

static kn_worker *worker;

static void on_signal(int signal_number) {
    (void)signal_number;
    kn_worker_interrupt(worker);
}

static void on_save(kn_event *event, void *user_data) {
    int *saved = user_data;
    ++*saved;
    printf("save no. %d: %s\n", *saved, kn_event_data(event, NULL));
    fflush(stdout);
}

static void on_anything(kn_event *event, void *user_data) {
    (void)user_data;
    printf("%s\n", kn_event_topic(event));
    fflush(stdout);
}

static void on_error(const kn_error *error, void *user_data) {
    (void)user_data;
    fprintf(stderr, "will try again: %s\n", kn_error_message(error));
}

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    struct sigaction action;
    kn_error *error = NULL;
    kn_status status = KN_OK;
    int saved = 0;

    if (url == NULL) {
        fputs("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n", stderr);
        return 2;
    }

    status = kn_worker_new(url, NULL, &worker, &error);
    if (status == KN_OK) {
        status = kn_worker_on(worker, "chat/save", on_save, &saved, NULL, &error);
    }
    if (status == KN_OK) {
        status = kn_worker_on(worker, "*/*", on_anything, NULL, NULL, &error);
    }
    if (status == KN_OK) {
        status = kn_worker_on_error(worker, on_error, NULL, NULL, &error);
    }
    if (status == KN_OK) {
        memset(&action, 0, sizeof action);
        action.sa_handler = on_signal;
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        status = kn_worker_run(worker, &error);
    }

    if (status == KN_INTERRUPTED) {
        status = kn_worker_close(worker, -1, &error);
        printf("%d saved\n", saved);
    }
    if (status < 0) {
        fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
    }

    /* No signal may find a worker that is gone. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    kn_error_free(error);
    kn_worker_free(worker);
    return status < 0 ? 1 : 0;
}
