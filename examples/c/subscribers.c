/* Prints everyone who is on the channel presence-room, page after page.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST subscribers
 * A page says what to ask for the next one with; the last one says nothing. */
#include <stdio.h>
#include <stdlib.h>

#include <kosmonaut/kosmonaut.h>

static void print(const kn_subscribers *page) {
    for (size_t i = 0; i < kn_subscribers_count(page); ++i) {
        const char *uid = kn_subscribers_uid(page, i);
        printf("%s %s%s %s\n", kn_subscribers_sid(page, i), uid != NULL ? uid : "(a stranger)",
               kn_subscribers_hidden(page, i) ? " (hidden)" : "",
               kn_subscribers_data(page, i, NULL));
    }
}

static kn_status print_all(kn_client *client, const char *channel, kn_error **error) {
    kn_subscribers *page = NULL;
    kn_status status = kn_client_subscribers(client, channel, NULL, 0, &page, error);

    while (status == KN_OK) {
        kn_subscribers *next = NULL;
        print(page);
        if (kn_subscribers_next(page) == NULL) {
            break;
        }
        status = kn_client_subscribers(client, channel, kn_subscribers_next(page), 0, &next, error);
        kn_subscribers_free(page);
        page = next;
    }
    kn_subscribers_free(page);
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
    if (status == KN_OK) {
        status = kn_client_open_channel(client, "presence-room", &error);
    }
    if (status == KN_OK) {
        status = print_all(client, "presence-room", &error);
    }

    if (status < 0) {
        fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
    }
    kn_error_free(error);
    kn_client_free(client);
    return status == KN_OK ? 0 : 1;
}
