/* Asks for a single access token: what an application hands to a browser whose user it knows.
 * Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST token
 * The browser sends {"auth":{"token":"..."}} once and is then user "joe", on private-news alone. */
#include <stdio.h>
#include <stdlib.h>

#include <kosmonaut/kosmonaut.h>

int main(void) {
    const char *url = getenv("VHOST_URL"); /* not an argument: everybody may read those */
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status = KN_OK;
    char *token = NULL;

    if (url == NULL) {
        fputs("VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n", stderr);
        return 2;
    }

    status = kn_client_new(url, NULL, &client, &error);
    if (status == KN_OK) {
        status = kn_client_request_token(client, "joe", "private-news", &token, &error);
    }

    if (status == KN_OK) {
        printf("{\"auth\":{\"token\":\"%s\"}}\n", token);
    } else {
        fprintf(stderr, "%s: %s\n", kn_status_name(status), kn_error_message(error));
    }
    kn_string_free(token);
    kn_error_free(error);
    kn_client_free(client);
    return status == KN_OK ? 0 : 1;
}
