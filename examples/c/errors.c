/* Branches on a failure: what to correct, what to try again, and how long to wait before that.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST errors
 * Stop the broker meanwhile and it tries again; give it a wrong token and it gives up. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <kosmonaut/kosmonaut.h>

static void wait_ms(int64_t ms) {
    struct timespec time;
    time.tv_sec = (time_t)(ms / 1000);
    time.tv_nsec = (long)(ms % 1000) * 1000000;
    nanosleep(&time, NULL);
}

/* Triggers an event, opens its channel if need be, and tries five times before it gives up. */
static kn_status trigger(kn_client *client, const char *channel) {
    kn_status status = KN_OK;
    int tries = 0;

    for (tries = 1; tries <= 5; ++tries) {
        kn_error *error = NULL;
        int64_t pause = 0;

        status = kn_client_trigger(client, channel, "hello", NULL, 0, &error);
        if (status == KN_OK) {
            return status;
        }
        fprintf(stderr, "try %d: %s (HTTP %d, server code %d): %s\n", tries, kn_status_name(status),
                (int)kn_error_http_status(error), (int)kn_error_server_code(error),
                kn_error_message(error));
        pause = kn_error_retry_after_ms(error);
        kn_error_free(error);

        if (status == KN_ENOCHANNEL) {
            if (kn_client_open_channel(client, channel, NULL) != KN_OK) {
                return status;
            }
        } else if (kn_status_is_retriable(status)) {
            wait_ms(pause >= 0 ? pause : 500 * (int64_t)tries);
        } else {
            return status;
        }
    }
    return status;
}

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status = KN_OK;

    if (url == NULL) {
        fputs("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n", stderr);
        return 2;
    }
    status = kn_client_new(url, NULL, &client, &error);
    if (status != KN_OK) {
        fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
        kn_error_free(error);
        return 1;
    }

    /* So that there is something to branch on. */
    status = kn_client_close_channel(client, "errands", NULL);
    if (status != KN_OK && status != KN_ENOCHANNEL) {
        fprintf(stderr, "close: %s\n", kn_status_name(status));
    }

    status = trigger(client, "errands");
    if (status == KN_OK) {
        printf("triggered errands/hello\n");
        status = kn_client_close_channel(client, "errands", NULL);
    }
    kn_client_free(client);
    return status == KN_OK ? 0 : 1;
}
