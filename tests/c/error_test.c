/* error.h: what a failure says, and what it never says. */
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "stage.h"

static void null_is_no_error(void **state) {
    (void)state;
    assert_int_equal(kn_error_status(NULL), KN_OK);
    assert_string_equal(kn_error_message(NULL), "");
    assert_int_equal(kn_error_http_status(NULL), 0);
    assert_int_equal(kn_error_server_code(NULL), 0);
    assert_int_equal(kn_error_retry_after_ms(NULL), -1);
    kn_error_free(NULL);
    kn_string_free(NULL);
}

static void a_local_failure_has_no_answer_behind_it(void **state) {
    (void)state;
    kn_client *client = NULL;
    kn_error *error = NULL;
    assert_status(KN_EINVAL, kn_client_new("not a url", NULL, &client, &error));
    assert_int_equal(kn_error_status(error), KN_EINVAL);
    assert_true(strlen(kn_error_message(error)) > 0);
    assert_int_equal(kn_error_http_status(error), 0);
    assert_int_equal(kn_error_server_code(error), 0);
    assert_int_equal(kn_error_retry_after_ms(error), -1);
    kn_error_free(error);
}

static void a_refusal_says_what_was_answered(void **state) {
    kn_client *client = client_on(*state);
    kn_error *error = NULL;
    assert_status(KN_ENOCHANNEL, kn_client_close_channel(client, "nowhere", &error));
    assert_int_equal(kn_error_status(error), KN_ENOCHANNEL);
    assert_int_equal(kn_error_http_status(error), 404);
    assert_int_equal(kn_error_server_code(error), 454);
    assert_int_equal(kn_error_retry_after_ms(error), -1);
    kn_client_free(client);
    assert_int_equal(kn_error_http_status(error), 404); /* it is an object of its own */
    kn_error_free(error);
}

static void nobody_has_to_ask_for_one(void **state) {
    (void)state;
    kn_client *client = NULL;
    assert_status(KN_EINVAL, kn_client_new("not a url", NULL, &client, NULL));
    assert_status(KN_OK, kn_client_new(test_unused_address(), NULL, &client, NULL));
    assert_status(KN_ECONNECT, kn_client_open_channel(client, "news", NULL));
    kn_client_free(client);
}

/* A message may go into any log. */
static void no_message_shows_the_token(void **state) {
    (void)state;
    static const char *const urls[] = {
        "TOPSECRET",
        "wr:TOPSECRET@localhost/vhost",
        "ftp://wr:TOPSECRET@localhost/vhost",
        "http://TOPSECRET@localhost/vhost",
        "http://other:TOPSECRET@localhost/vhost",
        "http://wr:TOPSECRET%@localhost/vhost",
        "http://wr:TOPSECRET%zz@localhost/vhost",
        "http://wr:TOPSECRET @localhost/vhost",
        "http://wr:TOPSECRET@/vhost",
        "http://wr:TOPSECRET@localhost:port/vhost",
        "http://wr:TOPSECRET@localhost:99999/vhost",
        "http://wr:TOPSECRET@localhost",
        "http://wr:TOPSECRET@localhost/vhost?query",
        "http://wr:TOPSECRET@local host/vhost",
        "wr://TOPSECRET:@localhost/vhost",
        "wr://TOPSECRET/vhost",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; ++i) {
        kn_client *client = NULL;
        kn_error *error = NULL;
        const kn_status status = kn_client_new(urls[i], NULL, &client, &error);
        if (status != KN_EINVAL || strstr(kn_error_message(error), "TOPSECRET") != NULL)
            fail_msg("%s: %s, \"%s\"", urls[i], kn_status_name(status), kn_error_message(error));
        kn_error_free(error);
    }
}

static void no_answer_makes_a_message_show_the_token(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    const char *token = strstr(stage->url, "wr:") + 3;
    char *hidden = strdup(token);
    assert_non_null(hidden);
    *strchr(hidden, '@') = '\0';
    assert_true(test_broker_delete_vhost(stage->broker, stage->vhost));
    kn_error *error = NULL;
    assert_status(KN_ENOVHOST, kn_client_open_channel(client, "news", &error));
    assert_null(strstr(kn_error_message(error), hidden));
    kn_error_free(error);
    kn_client_free(client);
    free(hidden);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_no_error),
        cmocka_unit_test(a_local_failure_has_no_answer_behind_it),
        on_stage(a_refusal_says_what_was_answered),
        cmocka_unit_test(nobody_has_to_ask_for_one),
        cmocka_unit_test(no_message_shows_the_token),
        on_stage(no_answer_makes_a_message_show_the_token),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
