/* Takes events one by one: the simplest worker, and the one for languages with threads of their
 * own. Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST worker_next It ends by itself when no
 * event came for a minute. */
#include <stdio.h>
#include <stdlib.h>

#include <kosmonaut/kosmonaut.h>

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    kn_worker *worker = NULL;
    kn_error *error = NULL;
    kn_event *event = NULL;
    kn_status status = KN_OK;

    if (url == NULL) {
        fputs("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n", stderr);
        return 2;
    }

    status = kn_worker_new(url, NULL, &worker, &error);
    while (status == KN_OK) {
        status = kn_worker_next(worker, 60000, &event, &error);
        if (status == KN_OK) {
            const char *uid = kn_event_uid(event);
            printf("%s from %s: %s\n", kn_event_topic(event), uid != NULL ? uid : "somebody",
                   kn_event_data(event, NULL));
            fflush(stdout);
            kn_event_free(event);
        }
    }

    if (status == KN_AGAIN) {
        printf("nothing for a minute\n");
    } else if (status < 0) {
        fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
    }
    kn_error_free(error);
    kn_worker_free(worker);
    return status < 0 ? 1 : 0;
}
