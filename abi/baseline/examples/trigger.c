/* Triggers one event on a channel: every browser that is subscribed to it receives the payload.
 * Run: trigger http://wr:TOKEN@127.0.0.1:8080/VHOST
 * The channel has to be open, so it is opened first; opening an open one changes nothing. */
#include <stdio.h>
#include <string.h>

#include <kosmonaut/kosmonaut.h>

int main(int argc, char **argv) {
    const char *data = "{\"text\":\"Hello from C\"}";
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status = KN_OK;

    if (argc != 2) {
        fprintf(stderr, "usage: %s VHOST_URL\n", argv[0]);
        return 2;
    }

    status = kn_client_new(argv[1], NULL, &client, &error);
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
