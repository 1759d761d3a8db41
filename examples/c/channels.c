/* Opens a channel of each type, then closes them; the type comes from the name's beginning.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST channels
 * Closing a channel that is not open is KN_ENOCHANNEL, as the last line shows. */
#include <stdio.h>
#include <stdlib.h>

#include <kosmonaut/kosmonaut.h>

static int report(const char *what, const char *channel, kn_status status, kn_error *error) {
    printf("%-5s %-15s %s %s\n", what, channel, kn_status_name(status),
           status < 0 ? kn_error_message(error) : "");
    kn_error_free(error);
    return status == KN_OK;
}

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    static const char *const channels[] = {"news", "private-news", "presence-news"};
    const size_t count = sizeof channels / sizeof channels[0];
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status = KN_OK;
    int good = 1;
    size_t i = 0;

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

    for (i = 0; i < count; ++i) {
        error = NULL;
        status = kn_client_open_channel(client, channels[i], &error);
        good &= report("open", channels[i], status, error);
    }
    for (i = 0; i < count; ++i) {
        error = NULL;
        status = kn_client_close_channel(client, channels[i], &error);
        good &= report("close", channels[i], status, error);
    }

    error = NULL;
    status = kn_client_close_channel(client, channels[0], &error);
    report("close", channels[0], status, error);
    good &= status == KN_ENOCHANNEL;

    kn_client_free(client);
    return good ? 0 : 1;
}
