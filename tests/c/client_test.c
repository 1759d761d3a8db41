/* client.h: the four requests, at a broker and without one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "stage.h"
#include "test_wiretap.h"

/* ---- Making one ---- */

static void urls_that_are_taken(void **state) {
    (void)state;
    static const char *const urls[] = {
        "http://wr:token@localhost/vhost",
        "http://wr:token@localhost:8080/vhost",
        "https://wr:token@localhost/vhost",
        "HTTP://wr:token@localhost/vhost",
        "wr://token@localhost/vhost",
        "wrs://token@localhost:8443/vhost",
        "http://wr:token@127.0.0.1:1/a/b-c/d_e",
        "http://wr:token@[::1]:8080/vhost",
        "http://wr:to%6ben@localhost/vhost",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; ++i)
        kn_client_free(client_at(urls[i]));
}

static void urls_that_are_not(void **state) {
    (void)state;
    static const char *const urls[] = {
        "",
        "vhost",
        "http://",
        "http:///vhost",
        "ftp://wr:token@localhost/vhost",
        "http://localhost/vhost",
        "http://wr@localhost/vhost",
        "http://wr:@localhost/vhost",
        "http://other:token@localhost/vhost",
        "http://wr:token@localhost",
        "http://wr:token@localhost/",
        "http://wr:token@localhost/vhost/",
        "http://wr:token@localhost//vhost",
        "http://wr:token@localhost/vh.ost",
        "http://wr:token@localhost/vhost?x=1",
        "http://wr:token@localhost/vhost#x",
        "http://wr:token@localhost:0x50/vhost",
        "http://wr:token@localhost:70000/vhost",
        "http://wr:tok\nen@localhost/vhost",
        "http://wr:token@local\nhost/vhost",
        "http://wr:token@localhost/vhost\n",
        " http://wr:token@localhost/vhost",
        "wr://@localhost/vhost",
        "wr://to:ken@localhost/vhost",
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; ++i) {
        kn_client *client = garbage;
        kn_error *error = NULL;
        const kn_status status = kn_client_new(urls[i], NULL, &client, &error);
        if (status != KN_EINVAL || client != NULL)
            fail_msg("\"%s\": %s, \"%s\"", urls[i], kn_status_name(status),
                     kn_error_message(error));
        kn_error_free(error);
    }
}

static void null_is_refused_everywhere(void **state) {
    (void)state;
    kn_client *client = garbage;
    assert_fails(KN_EINVAL, kn_client_new, NULL, NULL, &client);
    assert_null(client);
    assert_fails(KN_EINVAL, kn_client_new, test_unused_address(), NULL, NULL);
    kn_client_free(NULL);

    client = client_at(test_unused_address());
    char *token = garbage;
    assert_fails(KN_EINVAL, kn_client_open_channel, NULL, "news");
    assert_fails(KN_EINVAL, kn_client_open_channel, client, NULL);
    assert_fails(KN_EINVAL, kn_client_close_channel, NULL, "news");
    assert_fails(KN_EINVAL, kn_client_close_channel, client, NULL);
    assert_fails(KN_EINVAL, kn_client_trigger, NULL, "news", "hello", "{}", 2);
    assert_fails(KN_EINVAL, kn_client_trigger, client, NULL, "hello", "{}", 2);
    assert_fails(KN_EINVAL, kn_client_trigger, client, "news", NULL, "{}", 2);
    assert_fails(KN_EINVAL, kn_client_trigger, client, "news", "hello", NULL, 2);
    assert_fails(KN_EINVAL, kn_client_request_token, NULL, "joe", ".*", &token);
    assert_null(token);
    token = garbage;
    assert_fails(KN_EINVAL, kn_client_request_token, client, NULL, ".*", &token);
    assert_null(token);
    assert_fails(KN_EINVAL, kn_client_request_token, client, "joe", NULL, &token);
    assert_fails(KN_EINVAL, kn_client_request_token, client, "joe", ".*", NULL);
    kn_client_free(client);
}

/* ---- What is refused before anything is sent: nobody listens here ---- */

static void channel_names_have_a_grammar(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    static const char *const names[] = {"",       "-a",  ".a",   "a/b",      "a b",   "a\nb",
                                        "news\n", "a\r", "a%2f", "\xc3\xa4", "a\xff", "a:b",
                                        "*",      "a?b", "a#b",  "a\177"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        assert_fails(KN_EINVAL, kn_client_open_channel, client, names[i]);
        assert_fails(KN_EINVAL, kn_client_close_channel, client, names[i]);
        assert_fails(KN_EINVAL, kn_client_trigger, client, names[i], "hello", NULL, 0);
    }
    kn_client_free(client);
}

static void event_names_have_a_grammar(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    static const char *const names[] = {"",   ":",    ":system", "a\nb", "hello\n",
                                        "\t", "\177", "a\xff",   "\xc3", "\xed\xa0\x80"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i)
        assert_fails(KN_EINVAL, kn_client_trigger, client, "news", names[i], NULL, 0);
    kn_client_free(client);
}

static void uids_and_patterns_are_plain_text(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    static const char *const texts[] = {"", "a\nb", "joe\n", "\r", "\177", "a\xff"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; ++i) {
        char *token = garbage;
        assert_fails(KN_EINVAL, kn_client_request_token, client, texts[i], ".*", &token);
        assert_null(token);
        token = garbage;
        assert_fails(KN_EINVAL, kn_client_request_token, client, "joe", texts[i], &token);
        assert_null(token);
    }
    kn_client_free(client);
}

static void a_payload_is_a_json_object(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    static const struct {
        const char *text;
        size_t length;
    } payloads[] = {
        {"", 0},
        {"[]", 2},
        {"1", 1},
        {"null", 4},
        {"\"{}\"", 4},
        {"{", 1},
        {"{}x", 3},
        {"{} {}", 5},
        {"{}", 1},
        {"{}\0", 3},
        {"{'a':1}", 7},
        {"{\"a\":1,}", 8},
        {"{a:1}", 5},
        {"{\"a\":\xff}", 7},
        {"{\"a\":\"\xff\"}", 9},
        {"{\"a\":\"\n\"}", 9},
        {"{\"a\":01}", 8},
        {"{\"a\":NaN}", 9},
    };
    for (size_t i = 0; i < sizeof payloads / sizeof payloads[0]; ++i)
        assert_fails(KN_EJSON, kn_client_trigger, client, "news", "hello", payloads[i].text,
                     payloads[i].length);
    kn_client_free(client);
}

/* ---- At a broker ---- */

static void channels_are_opened_and_closed(void **state) {
    kn_client *client = client_on(*state);
    assert_ok(kn_client_open_channel, client, "news");
    assert_ok(kn_client_open_channel, client, "news"); /* changes nothing */
    assert_ok(kn_client_close_channel, client, "news");
    assert_fails(KN_ENOCHANNEL, kn_client_close_channel, client, "news");
    kn_client_free(client);
}

/* Of what the broker takes, in bytes. */
enum { longest_name = 255 };

static void channel_names_at_their_limits(void **state) {
    kn_client *client = client_on(*state);
    static const char *const names[] = {
        "a", "_", "9", "a.b-c_d", "_.-", "private-chat", "presence-room", "private", "Private-x"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        assert_ok(kn_client_open_channel, client, names[i]);
        assert_ok(kn_client_trigger, client, names[i], "hello", NULL, 0);
        assert_ok(kn_client_close_channel, client, names[i]);
    }
    static const size_t lengths[] = {127, 128, 255, 256, 1000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; ++i) {
        char name[1001] = "";
        memset(name, 'c', lengths[i]);
        if (lengths[i] <= longest_name) {
            assert_ok(kn_client_open_channel, client, name);
            assert_ok(kn_client_close_channel, client, name);
        } else {
            assert_fails(KN_EBADCHANNEL, kn_client_open_channel, client, name);
        }
    }
    kn_client_free(client);
}

static void events_reach_subscribers(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    assert_true(test_browser_subscribe(browser_on(stage), "news"));

    assert_ok(kn_client_trigger, client, "news", "hello", "{\"n\":1}", 7);
    char *payload = test_browser_wait_for(browser_on(stage), "hello");
    assert_non_null(payload);
    assert_non_null(strstr(payload, "\"n\":1"));
    assert_non_null(strstr(payload, "\"channel\":\"news\""));
    free(payload);

    assert_ok(kn_client_trigger, client, "news", "nothing to say", NULL, 0);
    payload = test_browser_wait_for(browser_on(stage), "nothing to say");
    assert_non_null(payload);
    assert_string_equal(payload, "{\"channel\":\"news\"}");
    free(payload);
    kn_client_free(client);
}

static void event_names_at_their_limits(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    assert_true(test_browser_subscribe(browser_on(stage), "news"));
    char longest[longest_name + 1] = "";
    memset(longest, 'e', longest_name);
    char too_long[longest_name + 2] = "";
    memset(too_long, 'e', longest_name + 1);
    const char *const names[] = {"e",
                                 " ",
                                 "a:b",
                                 "a/b",
                                 "\"quoted\" \\ and more",
                                 "\xc3\xbcn\xc3\xaf",
                                 "\xf0\x9f\x9a\x80",
                                 longest};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
        assert_ok(kn_client_trigger, client, "news", names[i], NULL, 0);
        char *payload = test_browser_wait_for(browser_on(stage), names[i]);
        assert_non_null(payload);
        free(payload);
    }
    assert_fails(KN_EBADREQUEST, kn_client_trigger, client, "news", too_long, NULL, 0);
    kn_client_free(client);
}

static void a_payload_goes_out_byte_for_byte(void **state) {
    struct stage *stage = *state;
    test_wiretap *tap = test_wiretap_start(stage->url);
    assert_non_null(tap);
    kn_client *client = client_at(test_wiretap_url(tap));
    assert_ok(kn_client_open_channel, client, "news");
    /* All that a JSON library would write in its own way; and it ends before the text does. */
    static const char payload[] = " {\"z\" : 1.0e+2,\t\"a\":123456789012345678901234567890,"
                                  "\"a\":-0,\r\n\"s\":\"\\u00fc\xc3\xbc\\/\\u0000\" } and more";
    const size_t length = strlen(payload) - strlen("and more");
    assert_ok(kn_client_trigger, client, "news", "hello", payload, length);

    size_t sent_length = 0;
    char *sent = test_wiretap_sent(tap, &sent_length);
    char body[512];
    snprintf(body, sizeof body, "{\"trigger\":{\"event\":\"hello\",\"data\":%.*s}}", (int)length,
             payload);
    const size_t body_length = strlen(body);
    assert_true(sent_length > body_length);
    assert_memory_equal(sent + sent_length - body_length, body, body_length);
    free(sent);
    kn_client_free(client);
    test_wiretap_free(tap);
}

static void large_numbers_and_escapes_arrive(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    assert_true(test_browser_subscribe(browser_on(stage), "news"));
    static const char data[] = "{\"n\":123456789012345678901234567890,\"s\":\"a\\u0000b\"}";
    assert_ok(kn_client_trigger, client, "news", "hello", data, strlen(data));
    char *payload = test_browser_wait_for(browser_on(stage), "hello");
    assert_non_null(payload);
    assert_non_null(strstr(payload, "123456789012345678901234567890"));
    assert_non_null(strstr(payload, "a\\u0000b"));
    free(payload);
    kn_client_free(client);
}

static void a_token_is_for_one_browser(void **state) {
    kn_client *client = client_on(*state);
    char *first = NULL, *second = NULL;
    assert_ok(kn_client_request_token, client,
              "j\xc3\xb6"
              "e & co?",
              "private-(chat|news)", &first);
    assert_ok(kn_client_request_token, client, "joe", ".*", &second);
    assert_int_equal(strlen(first), 128);
    assert_string_not_equal(first, second);
    kn_string_free(first);
    kn_string_free(second);
    kn_client_free(client);
}

static void refusals_have_their_status(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    char *token = garbage;
    assert_fails(KN_ENOCHANNEL, kn_client_trigger, client, "nowhere", "hello", "{}", 2);
    assert_fails(KN_EBADREQUEST, kn_client_request_token, client, "joe", "private-(", &token);
    assert_null(token);

    assert_ok(kn_client_open_channel, client, "news");
    const size_t too_big = 1100 * 1024; /* the broker takes 1 MiB */
    char *data = malloc(too_big);
    assert_non_null(data);
    memset(data, 'x', too_big);
    memcpy(data, "{\"a\":\"", 6);
    memcpy(data + too_big - 2, "\"}", 2);
    assert_fails(KN_ETOOBIG, kn_client_trigger, client, "news", "hello", data, too_big);
    free(data);
    assert_ok(kn_client_trigger, client, "news", "hello", "{}", 2); /* it goes on */

    assert_true(test_broker_delete_vhost(stage->broker, stage->vhost));
    token = garbage;
    assert_fails(KN_ENOVHOST, kn_client_open_channel, client, "news");
    assert_fails(KN_ENOVHOST, kn_client_close_channel, client, "news");
    assert_fails(KN_ENOVHOST, kn_client_trigger, client, "news", "hello", "{}", 2);
    assert_fails(KN_ENOVHOST, kn_client_request_token, client, "joe", ".*", &token);
    assert_null(token);
    kn_client_free(client);
}

static void a_replaced_token_is_unauthorized(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    char *new_url = test_broker_regenerate_token(stage->broker, stage->vhost);
    assert_non_null(new_url);
    char *token = garbage;
    assert_fails(KN_EUNAUTHORIZED, kn_client_open_channel, client, "news");
    assert_fails(KN_EUNAUTHORIZED, kn_client_close_channel, client, "news");
    assert_fails(KN_EUNAUTHORIZED, kn_client_trigger, client, "news", "hello", "{}", 2);
    assert_fails(KN_EUNAUTHORIZED, kn_client_request_token, client, "joe", ".*", &token);
    assert_null(token);
    kn_client_free(client);

    client = client_at(new_url);
    assert_ok(kn_client_close_channel, client, "news");
    kn_client_free(client);
    free(new_url);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_that_are_taken),
        cmocka_unit_test(urls_that_are_not),
        cmocka_unit_test(null_is_refused_everywhere),
        cmocka_unit_test(channel_names_have_a_grammar),
        cmocka_unit_test(event_names_have_a_grammar),
        cmocka_unit_test(uids_and_patterns_are_plain_text),
        cmocka_unit_test(a_payload_is_a_json_object),
        on_stage(channels_are_opened_and_closed),
        on_stage(channel_names_at_their_limits),
        on_stage(events_reach_subscribers),
        on_stage(event_names_at_their_limits),
        on_stage(a_payload_goes_out_byte_for_byte),
        on_stage(large_numbers_and_escapes_arrive),
        on_stage(a_token_is_for_one_browser),
        on_stage(refusals_have_their_status),
        on_stage(a_replaced_token_is_unauthorized),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
