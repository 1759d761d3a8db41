/* Triggers one event on a channel: every browser that is subscribed to it receives the payload.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST trigger
 * The channel has to be open, so it is opened first; opening an open one changes nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kosmonaut/kosmonaut.h>

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    const char *data = "{\"text\":\"Hello from C\"}";
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status = KN_OK;

    if (url == NULL) {
        fputs("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n", stderr);
        return 2;
    }

    status = kn_client_new(url, NULL, &client, &error);
    if (status == KN_OK) {
        status = kn_client_open_channel(client, "greetings", &error);
    }
    if (status == KN_OK) {
        status = kn_client_trigger(client, "greetings", "hello", data, strlen(data), &error);
    }

    if (status == KN_OK) {
        printf("triggered greetings/hello %s\n", data);
    } else {
        fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
    }
    kn_error_free(error);
    kn_client_free(client);
    return status == KN_OK ? 0 : 1;
}
