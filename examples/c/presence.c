/* Tells who comes to presence channels and who goes, until Ctrl-C.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST presence
 * These are the broker's own events: a pattern has to spell them, "*" does not stand for them. */
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

static void on_member(kn_event *event, void *verb) {
    const char *uid = kn_event_uid(event);
    printf("%s %s %s\n", uid != NULL ? uid : "(a stranger)", (const char *)verb,
           kn_event_channel(event));
    fflush(stdout);
}

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    static char joins[] = "joins", leaves[] = "leaves";
    struct sigaction action;
    kn_error *error = NULL;
    kn_status status = KN_OK;

    if (url == NULL) {
        fputs("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n", stderr);
        return 2;
    }

    status = kn_worker_new(url, NULL, &worker, &error);
    if (status == KN_OK) {
        status = kn_worker_on(worker, "*/:joined", on_member, joins, NULL, &error);
    }
    if (status == KN_OK) {
        status = kn_worker_on(worker, "*/:left", on_member, leaves, NULL, &error);
    }
    if (status == KN_OK) {
        memset(&action, 0, sizeof action);
        action.sa_handler = on_signal;
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        status = kn_worker_run(worker, &error);
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
