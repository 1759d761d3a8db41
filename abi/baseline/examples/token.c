/* Asks for a single access token: what an application hands to a browser whose user it knows.
 * Run: token http://wr:TOKEN@127.0.0.1:8080/VHOST
 * The browser sends {"auth":{"token":"..."}} once and is then user "joe", on private-news alone. */
#include <stdio.h>

#include <kosmonaut/kosmonaut.h>

int main(int argc, char **argv) {
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status = KN_OK;
    char *token = NULL;

    if (argc != 2) {
        fprintf(stderr, "usage: %s VHOST_URL\n", argv[0]);
        return 2;
    }

    status = kn_client_new(argv[1], NULL, &client, &error);
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
