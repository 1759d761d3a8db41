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

/* The error of a call names each of these. */
static void check_names(kn_status expected, kn_status status, kn_error *error,
                        const char *const *subjects) {
    assert_int_equal(status, expected);
    for (; *subjects != NULL; ++subjects) {
        if (strstr(kn_error_message(error), *subjects) == NULL)
            fail_msg("\"%s\" does not name \"%s\"", kn_error_message(error), *subjects);
    }
    kn_error_free(error);
}

#define NAMES(expected, call, ...)                                                                 \
    do {                                                                                           \
        kn_error *error = NULL;                                                                    \
        const kn_status status = (call);                                                           \
        const char *const subjects[] = {__VA_ARGS__, NULL};                                        \
        check_names(expected, status, error, subjects);                                            \
    } while (0)

static void a_refusal_names_channel_and_vhost(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    NAMES(KN_ENOCHANNEL, kn_client_close_channel(client, "nowhere", &error),
          "the channel 'nowhere' of /", stage->vhost, "does not exist");
    NAMES(KN_ENOCHANNEL, kn_client_trigger(client, "nowhere", "hello", NULL, 0, &error),
          "the channel 'nowhere' of /", stage->vhost);
    kn_subscribers *page = NULL;
    NAMES(KN_ENOCHANNEL, kn_client_subscribers(client, "nowhere", NULL, 0, &page, &error),
          "the channel 'nowhere' of /", stage->vhost);
    char *token = NULL;
    NAMES(KN_EBADREQUEST, kn_client_request_token(client, "joe", "(", &token, &error),
          "asking for a token", stage->vhost);
    assert_true(test_broker_delete_vhost(stage->broker, stage->vhost));
    NAMES(KN_ENOVHOST, kn_client_open_channel(client, "news", &error), "the vhost /", stage->vhost,
          "at http://127.0.0.1:");
    kn_client_free(client);
}

static void each_of_a_batch_names_its_channel(void **state) {
    kn_client *client = client_on(*state);
    kn_batch *batch = kn_batch_new();
    assert_status(KN_OK, kn_batch_add(batch, "here", "hello", NULL, 0));
    assert_status(KN_OK, kn_batch_add(batch, "nowhere", "hello", NULL, 0));
    assert_status(KN_OK, kn_client_open_channel(client, "here", NULL));
    kn_result *result = NULL;
    assert_status(KN_OK, kn_client_trigger_batch(client, batch, &result, NULL));
    assert_null(kn_result_item_error(result, 0));
    assert_non_null(strstr(kn_error_message(kn_result_item_error(result, 1)), "'nowhere'"));
    assert_non_null(strstr(kn_error_message(kn_result_error(result)), "'nowhere'"));
    kn_result_free(result);
    kn_batch_free(batch);
    kn_client_free(client);
}

static void a_failure_of_the_connection_names_address_and_channel(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    const char *address = strchr(test_unused_address(), '@') + 1;
    NAMES(KN_ECONNECT, kn_client_open_channel(client, "news", &error),
          "opening the channel 'news' of http://", address);
    NAMES(KN_ECONNECT, kn_client_trigger(client, "news", "hello", NULL, 0, &error),
          "on the channel 'news' of http://", address);
    char *token = NULL;
    NAMES(KN_ECONNECT, kn_client_request_token(client, "joe", ".*", &token, &error),
          "asking for a token", address);
    kn_client_free(client);
}

static void bad_input_is_named(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    NAMES(KN_EINVAL, kn_client_open_channel(client, "a b", &error), "the channel name 'a b'");
    NAMES(KN_EINVAL, kn_client_trigger(client, "news", ":own", NULL, 0, &error),
          "the event name ':own'");
    NAMES(KN_EINVAL, kn_client_trigger(client, "news", "two\nlines", NULL, 0, &error),
          "the event name 'two?lines'");
    NAMES(KN_EJSON, kn_client_trigger(client, "news", "hello", "[]", 2, &error),
          "the data of the event 'hello'");
    NAMES(KN_EJSON, kn_client_trigger(client, "news", "hello", "{", 1, &error),
          "the data of the event 'hello'");
    kn_subscribers *page = NULL;
    NAMES(KN_EINVAL, kn_client_subscribers(client, "news", NULL, -7, &page, &error),
          "the limit of the page is -7");
    kn_client_free(client);
    NAMES(KN_EINVAL, kn_client_new("ftp://wr:TOKEN@localhost/moon", NULL, &client, &error),
          "scheme 'ftp'");
    NAMES(KN_EINVAL, kn_client_new("http://wr:TOKEN@localhost/mo.on", NULL, &client, &error),
          "path '/mo.on'");
    kn_worker *worker = worker_at(test_unused_address());
    NAMES(KN_EINVAL, kn_worker_on(worker, "save", NULL, NULL, NULL, &error), "the pattern 'save'");
    NAMES(KN_EINVAL, kn_worker_close(worker, -2, &error), "-2 ms");
    NAMES(KN_ESTATE, kn_worker_run(worker, &error), "no handlers",
          strchr(test_unused_address(), '@') + 1);
    kn_worker_free(worker);
}

/* What came in the wrong place is not shown either. */
static void a_misplaced_secret_is_not_shown(void **state) {
    (void)state;
    static const char *const secrets[] = {"http://wr:TOPSECRET@localhost/mo.on",
                                          "wr:TOPSECRET@localhost",
                                          "0123456789abcdef0123456789abcdef01234567 "};
    kn_client *client = client_at(test_unused_address());
    kn_worker *worker = worker_at(test_unused_address());
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; ++i) {
        kn_error *errors[3] = {NULL, NULL, NULL};
        assert_status(KN_EINVAL, kn_client_open_channel(client, secrets[i], &errors[0]));
        if (strchr(secrets[i], '/') == NULL)
            assert_status(KN_EINVAL,
                          kn_worker_on(worker, secrets[i], NULL, NULL, NULL, &errors[1]));
        kn_client *none = NULL;
        assert_status(KN_EINVAL, kn_client_new(secrets[i], NULL, &none, &errors[2]));
        for (size_t e = 0; e < 3; ++e) {
            assert_null(strstr(kn_error_message(errors[e]), "TOPSECRET"));
            assert_null(strstr(kn_error_message(errors[e]), "0123456789abcdef"));
            kn_error_free(errors[e]);
        }
    }
    kn_worker_free(worker);
    kn_client_free(client);
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
        on_stage(a_refusal_names_channel_and_vhost),
        on_stage(each_of_a_batch_names_its_channel),
        cmocka_unit_test(a_failure_of_the_connection_names_address_and_channel),
        cmocka_unit_test(bad_input_is_named),
        cmocka_unit_test(a_misplaced_secret_is_not_shown),
        cmocka_unit_test(no_message_shows_the_token),
        on_stage(no_answer_makes_a_message_show_the_token),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
