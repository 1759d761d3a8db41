/* Opens a channel of each type, lists what there is, then closes them; the type comes from the
 * name's beginning.
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

/* All channels, a page at a time. */
static int list(kn_client *client) {
    kn_channels *page = NULL, *next = NULL;
    kn_error *error = NULL;
    kn_status status = kn_client_channels(client, NULL, NULL, 0, &page, &error);
    while (status == KN_OK) {
        size_t i = 0;
        for (i = 0; i < kn_channels_count(page); ++i)
            printf("there %-15s %s, %ld subscribed\n", kn_channels_name(page, i),
                   kn_channels_type(page, i), (long)kn_channels_subscribers(page, i));
        if (kn_channels_next(page) == NULL)
            break;
        status = kn_client_channels(client, NULL, kn_channels_next(page), 0, &next, &error);
        kn_channels_free(page);
        page = next;
    }
    kn_channels_free(page);
    return report("list", "", status, error);
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
    good &= list(client);
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
