/* What a user of the installed C library would write first: it needs no broker. */
#include <kosmonaut/kosmonaut.h>

#include <stdio.h>
#include <string.h>

/* Nothing listens on port 1. */
#define URL "http://wr:0123456789abcdef0123456789abcdef01234567@127.0.0.1:1/moon"

int main(void) {
    kn_client *client = NULL;
    kn_error *error = NULL;
    kn_status status;

    printf("libkosmonaut %s, headers %s\n", kn_version(), KN_VERSION_STRING);
    if (strcmp(kn_version(), KN_VERSION_STRING) != 0 || kn_version_number() != KN_VERSION_NUMBER) {
        return 1;
    }

    if (kn_client_new(URL, NULL, &client, NULL) != KN_OK) {
        return 2;
    }
    status = kn_client_open_channel(client, "greetings", &error);
    printf("%s: %s\n", kn_status_name(status), kn_error_message(error));
    kn_error_free(error);
    kn_client_free(client);
    return status == KN_ECONNECT ? 0 : 3;
}
