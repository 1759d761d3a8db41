/* batch.h: many triggers in one request, and what becomes of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "stage.h"
#include "test_wiretap.h"

static void add(kn_batch *batch, const char *channel, const char *event, const char *data) {
    assert_status(KN_OK, kn_batch_add(batch, channel, event, data, data ? strlen(data) : 0));
}

static void null_is_refused_everywhere(void **state) {
    (void)state;
    kn_batch *batch = kn_batch_new();
    assert_status(KN_EINVAL, kn_batch_add(NULL, "a", "e", NULL, 0));
    assert_status(KN_EINVAL, kn_batch_add(batch, NULL, "e", NULL, 0));
    assert_status(KN_EINVAL, kn_batch_add(batch, "a", NULL, NULL, 0));
    assert_status(KN_EINVAL, kn_batch_add(batch, "a", "e", NULL, 1));
    assert_int_equal(kn_batch_count(NULL), 0);
    kn_batch_clear(NULL);
    kn_batch_free(NULL);
    kn_batch_free(batch);

    assert_status(KN_OK, kn_result_status(NULL));
    assert_null(kn_result_error(NULL));
    assert_null(kn_result_token(NULL));
    assert_int_equal(kn_result_count(NULL), 0);
    assert_status(KN_EINVAL, kn_result_item_status(NULL, 0));
    assert_null(kn_result_item_error(NULL, 0));
    kn_result_free(NULL);
}

static void what_is_added_is_checked_and_counted(void **state) {
    (void)state;
    kn_batch *batch = kn_batch_new();
    assert_status(KN_EINVAL, kn_batch_add(batch, "no/channel", "e", NULL, 0));
    assert_status(KN_EINVAL, kn_batch_add(batch, "a", ":system", NULL, 0));
    assert_status(KN_EJSON, kn_batch_add(batch, "a", "e", "[]", 2));
    assert_status(KN_EJSON, kn_batch_add(batch, "a", "e", "", 0));
    assert_int_equal(kn_batch_count(batch), 0);
    add(batch, "a", "e", "{}");
    add(batch, "a", "e", NULL);
    assert_int_equal(kn_batch_count(batch), 2);
    kn_batch_clear(batch);
    assert_int_equal(kn_batch_count(batch), 0);
    kn_batch_free(batch);
}

static void a_batch_that_cannot_be_sent_fails_as_a_whole(void **state) {
    (void)state;
    kn_client *client = NULL;
    kn_batch *batch = kn_batch_new();
    kn_result *result = garbage;
    assert_ok(kn_client_new, test_unused_address(), NULL, &client);
    assert_fails(KN_EINVAL, kn_client_trigger_batch, client, batch, &result); /* it is empty */
    assert_null(result);
    assert_fails(KN_EINVAL, kn_client_trigger_batch, client, batch, NULL);
    assert_fails(KN_EINVAL, kn_client_trigger_batch, client, NULL, &result);
    assert_fails(KN_EINVAL, kn_client_trigger_batch, NULL, batch, &result);
    add(batch, "a", "e", NULL);
    result = garbage;
    assert_fails(KN_ECONNECT, kn_client_trigger_batch, client, batch, &result);
    assert_null(result);
    kn_batch_free(batch);
    kn_client_free(client);
}

static void each_trigger_has_its_own_status_and_the_order_is_kept(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    kn_batch *batch = kn_batch_new();
    kn_result *result = NULL;
    assert_ok(kn_client_open_channel, client, "news");
    test_browser *browser = browser_on(stage);
    assert_true(test_browser_subscribe(browser, "news"));
    add(batch, "news", "first", "{\"n\":1}");
    add(batch, "nowhere", "lost", NULL);
    add(batch, "news", "second \"quoted\"", NULL);
    assert_ok(kn_client_trigger_batch, client, batch, &result);
    assert_int_equal(kn_batch_count(batch), 3);
    assert_int_equal(kn_result_count(result), 3);
    assert_status(KN_OK, kn_result_item_status(result, 0));
    assert_null(kn_result_item_error(result, 0));
    assert_status(KN_ENOCHANNEL, kn_result_item_status(result, 1));
    assert_int_equal(kn_error_server_code(kn_result_item_error(result, 1)), 454);
    assert_status(KN_OK, kn_result_item_status(result, 2));
    assert_status(KN_EINVAL, kn_result_item_status(result, 3));
    assert_null(kn_result_item_error(result, 3));
    assert_status(KN_ENOCHANNEL, kn_result_status(result)); /* the first bad one's */
    assert_status(KN_ENOCHANNEL, kn_error_status(kn_result_error(result)));
    assert_null(kn_result_token(result));
    kn_result_free(result);

    char *first = test_browser_wait_for(browser, "first");
    char *second = test_browser_wait_for(browser, "second \"quoted\"");
    assert_non_null(first);
    assert_non_null(second);
    free(first);
    free(second);
    kn_batch_free(batch);
    kn_client_free(client);
}

static void a_batch_is_one_request(void **state) {
    enum { COUNT = 100 };
    const struct stage *stage = *state;
    test_wiretap *tap = test_wiretap_start(stage->url);
    kn_client *client = NULL;
    kn_batch *batch = kn_batch_new();
    kn_result *result = NULL;
    size_t length = 0;
    assert_non_null(tap);
    assert_ok(kn_client_new, test_wiretap_url(tap), NULL, &client);
    assert_ok(kn_client_open_channel, client, "news");
    for (int i = 0; i < COUNT; ++i)
        add(batch, "news", "e", "{ \"as\" : [ \"given\" ] }");
    assert_ok(kn_client_trigger_batch, client, batch, &result);
    assert_int_equal(kn_result_count(result), COUNT);
    assert_status(KN_OK, kn_result_status(result));
    char *sent = test_wiretap_sent(tap, &length);
    const char *const request = strstr(sent, "/events HTTP/1.1");
    assert_non_null(request);
    assert_null(strstr(request + strlen("/events HTTP/1.1"), " HTTP/1.1"));
    assert_non_null(strstr(sent, "{ \"as\" : [ \"given\" ] }"));
    free(sent);
    kn_result_free(result);
    kn_batch_free(batch);
    kn_client_free(client);
    test_wiretap_free(tap);
}

static void keep_count(const kn_result *result, void *user_data) {
    *(size_t *)user_data = kn_result_count(result);
}

static void a_batch_may_be_handed_in_and_is_copied(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_on(stage);
    kn_batch *batch = kn_batch_new();
    size_t count = 0;
    assert_ok(kn_client_open_channel, client, "news");
    add(batch, "news", "e", NULL);
    add(batch, "news", "e", NULL);
    assert_ok(kn_client_trigger_batch_async, client, batch, keep_count, &count, NULL);
    kn_batch_free(batch);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_int_equal(count, 2);
    kn_client_free(client);
}

static void a_batch_over_the_servers_limit_is_too_big(void **state) {
    enum { SIZE = 300000 };
    const struct stage *stage = *state;
    kn_client *client = client_on(stage);
    kn_batch *batch = kn_batch_new();
    kn_result *result = garbage;
    char *data = malloc(SIZE);
    assert_non_null(data);
    memset(data, ' ', SIZE);
    data[0] = '{';
    data[SIZE - 1] = '}';
    assert_ok(kn_client_open_channel, client, "news");
    for (int i = 0; i < 4; ++i)
        assert_status(KN_OK, kn_batch_add(batch, "news", "e", data, SIZE));
    assert_fails(KN_ETOOBIG, kn_client_trigger_batch, client, batch, &result);
    assert_null(result);
    free(data);
    kn_batch_free(batch);
    kn_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_refused_everywhere),
        cmocka_unit_test(what_is_added_is_checked_and_counted),
        cmocka_unit_test(a_batch_that_cannot_be_sent_fails_as_a_whole),
        on_stage(each_trigger_has_its_own_status_and_the_order_is_kept),
        on_stage(a_batch_is_one_request),
        on_stage(a_batch_may_be_handed_in_and_is_copied),
        on_stage(a_batch_over_the_servers_limit_is_too_big),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
