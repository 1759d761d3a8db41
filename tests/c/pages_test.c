/* What is told a page at a time: who is on a channel, and what workers hear of it; which channels
 * there are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "stage.h"

#define ROOM "presence-room"

/* Another browser than the stage's, authenticated. */
static test_browser *another_browser(const struct stage *stage, const char *uid) {
    test_browser *browser = test_browser_connect(stage->url);
    assert_non_null(browser);
    assert_true(test_browser_authenticate(browser, uid, ".*"));
    return browser;
}

static kn_subscribers *page_of(kn_client *client, const char *channel, const char *after,
                               int32_t limit) {
    kn_subscribers *page = NULL;
    assert_ok(kn_client_subscribers, client, channel, after, limit, &page);
    assert_non_null(page);
    return page;
}

/* ---- Without a broker ---- */

static void null_is_nobody(void **state) {
    (void)state;
    size_t length = 7;
    assert_int_equal(kn_subscribers_count(NULL), 0);
    assert_null(kn_subscribers_sid(NULL, 0));
    assert_null(kn_subscribers_uid(NULL, 0));
    assert_int_equal(kn_subscribers_hidden(NULL, 0), 0);
    assert_null(kn_subscribers_data(NULL, 0, &length));
    assert_int_equal(length, 0);
    assert_null(kn_subscribers_data(NULL, 0, NULL));
    assert_null(kn_subscribers_next(NULL));
    kn_subscribers_free(NULL);
    assert_null(kn_result_subscribers(NULL));
}

static void what_is_asked_is_checked(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    kn_subscribers *page = garbage;
    assert_fails(KN_EINVAL, kn_client_subscribers, NULL, ROOM, NULL, 0, &page);
    assert_null(page);
    assert_fails(KN_EINVAL, kn_client_subscribers, client, NULL, NULL, 0, &page);
    assert_fails(KN_EINVAL, kn_client_subscribers, client, ROOM, NULL, 0, NULL);
    assert_fails(KN_EINVAL, kn_client_subscribers, client, "no/channel", NULL, 0, &page);
    assert_fails(KN_EINVAL, kn_client_subscribers, client, ROOM, "", 0, &page);
    assert_fails(KN_EINVAL, kn_client_subscribers, client, ROOM, "a\nb", 0, &page);
    assert_fails(KN_EINVAL, kn_client_subscribers, client, ROOM, "\xFF", 0, &page);
    assert_fails(KN_EINVAL, kn_client_subscribers, client, ROOM, NULL, -1, &page);
    assert_int_equal(kn_client_requests(client), 0);
    page = garbage;
    assert_fails(KN_ECONNECT, kn_client_subscribers, client, ROOM, NULL, 0, &page);
    assert_null(page);
    kn_client_free(client);
}

static void count_end(void *user_data) { ++*(int *)user_data; }

static void what_is_handed_in_is_checked_and_destroyed(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    int destroyed = 0;
    assert_fails(KN_EINVAL, kn_client_subscribers_async, NULL, ROOM, NULL, 0, NULL, &destroyed,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_subscribers_async, client, NULL, NULL, 0, NULL, &destroyed,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_subscribers_async, client, ROOM, "", 0, NULL, &destroyed,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_subscribers_async, client, ROOM, NULL, -1, NULL, &destroyed,
                 count_end);
    assert_int_equal(destroyed, 4);
    assert_int_equal(kn_client_pending(client), 0);
    kn_client_free(client);
}

/* ---- At a broker ---- */

static void nobody_is_a_page_too(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "room");
    kn_subscribers *page = page_of(client, "room", NULL, 0);
    assert_int_equal(kn_subscribers_count(page), 0);
    assert_null(kn_subscribers_sid(page, 0));
    assert_null(kn_subscribers_next(page));
    kn_subscribers_free(page);
    kn_client_free(client);
}

static void a_subscriber_is_who_it_is(void **state) {
    static const char data[] = "{\"name\":\"Joe \\u20ac\",\"n\":[1.0,1e308]}";
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    size_t length = 0;
    assert_ok(kn_client_open_channel, client, ROOM);
    test_browser *browser = browser_on(stage);
    assert_true(test_browser_subscribe_as(browser, ROOM, data, 1));
    kn_subscribers *page = page_of(client, ROOM, NULL, 0);
    kn_client_free(client); /* the page is an object of its own */

    assert_int_equal(kn_subscribers_count(page), 1);
    assert_string_equal(kn_subscribers_sid(page, 0), test_browser_sid(browser));
    assert_string_equal(kn_subscribers_uid(page, 0), "joe");
    assert_int_equal(kn_subscribers_hidden(page, 0), 1);
    assert_string_equal(kn_subscribers_data(page, 0, &length), data); /* and so a NUL follows */
    assert_int_equal(length, strlen(data));
    assert_string_equal(kn_subscribers_data(page, 0, NULL), data);
    assert_null(kn_subscribers_next(page));

    assert_null(kn_subscribers_sid(page, 1));
    assert_null(kn_subscribers_uid(page, 1));
    assert_int_equal(kn_subscribers_hidden(page, 1), 0);
    assert_null(kn_subscribers_data(page, 1, &length));
    assert_int_equal(length, 0);
    assert_null(kn_subscribers_data(page, SIZE_MAX, NULL));
    kn_subscribers_free(page);
}

static void a_stranger_has_no_uid(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "room");
    test_browser *browser = test_browser_connect(stage->url);
    assert_non_null(browser);
    assert_true(test_browser_subscribe(browser, "room"));
    kn_subscribers *page = page_of(client, "room", NULL, 0);
    assert_int_equal(kn_subscribers_count(page), 1);
    assert_null(kn_subscribers_uid(page, 0));
    assert_int_equal(kn_subscribers_hidden(page, 0), 0);
    assert_string_equal(kn_subscribers_data(page, 0, NULL), "{}");
    kn_subscribers_free(page);
    test_browser_free(browser);
    kn_client_free(client);
}

static void a_page_follows_another(void **state) {
    enum { COUNT = 7, SIZE = 3 };
    const struct stage *stage = *state;
    test_browser *browsers[COUNT];
    int found[COUNT] = {0};
    size_t sizes[COUNT] = {0}, pages = 0;
    char after[64] = "";
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "room");
    for (int i = 0; i < COUNT; ++i) {
        browsers[i] = test_browser_connect(stage->url);
        assert_non_null(browsers[i]);
        assert_true(test_browser_subscribe(browsers[i], "room"));
    }
    do {
        kn_subscribers *page = page_of(client, "room", *after != '\0' ? after : NULL, SIZE);
        sizes[pages++] = kn_subscribers_count(page);
        for (size_t k = 0; k < kn_subscribers_count(page); ++k) {
            const char *sid = kn_subscribers_sid(page, k);
            assert_true(strcmp(sid, after) > 0);
            for (int i = 0; i < COUNT; ++i)
                found[i] += strcmp(sid, test_browser_sid(browsers[i])) == 0;
        }
        const char *next = kn_subscribers_next(page);
        snprintf(after, sizeof after, "%s", next != NULL ? next : "");
        kn_subscribers_free(page);
    } while (*after != '\0');
    assert_int_equal(pages, 3);
    assert_int_equal(sizes[0], SIZE);
    assert_int_equal(sizes[1], SIZE);
    assert_int_equal(sizes[2], 1);
    for (int i = 0; i < COUNT; ++i) {
        assert_int_equal(found[i], 1);
        test_browser_free(browsers[i]);
    }
    kn_client_free(client);
}

static void it_fails_as_it_says(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_on(stage);
    kn_subscribers *page = garbage;
    assert_fails(KN_ENOCHANNEL, kn_client_subscribers, client, "nowhere", NULL, 0, &page);
    assert_null(page);
    assert_ok(kn_client_open_channel, client, "room");
    assert_fails(KN_EBADREQUEST, kn_client_subscribers, client, "room", NULL, 1001, &page);
    kn_client_free(client);

    char wrong[256];
    snprintf(wrong, sizeof wrong, "%s", stage->url);
    char *const digit = strchr(wrong, '@') - 1; /* the token's last one */
    *digit = *digit == '0' ? '1' : '0';
    client = client_at(wrong);
    assert_fails(KN_EUNAUTHORIZED, kn_client_subscribers, client, "room", NULL, 0, &page);
    kn_client_free(client);

    snprintf(wrong, sizeof wrong, "%s-not", stage->url);
    client = client_at(wrong);
    assert_fails(KN_ENOVHOST, kn_client_subscribers, client, "room", NULL, 0, &page);
    kn_client_free(client);
}

static void a_page_may_be_too_big_and_a_smaller_one_not(void **state) {
    const struct stage *stage = *state;
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    kn_subscribers *page = garbage;
    assert_status(KN_OK, kn_options_set_max_response_size(options, 170));
    assert_ok(kn_client_new, stage->url, options, &client);
    kn_options_free(options);
    assert_ok(kn_client_open_channel, client, "room");
    test_browser *first = another_browser(stage, "al"), *second = another_browser(stage, "bo");
    assert_true(test_browser_subscribe(first, "room"));
    assert_true(test_browser_subscribe(second, "room"));
    assert_fails(KN_ETOOBIG, kn_client_subscribers, client, "room", NULL, 2, &page);
    assert_null(page);
    page = page_of(client, "room", NULL, 1);
    assert_int_equal(kn_subscribers_count(page), 1);
    assert_string_equal(kn_subscribers_next(page), kn_subscribers_sid(page, 0));
    kn_subscribers_free(page);
    test_browser_free(first);
    test_browser_free(second);
    kn_client_free(client);
}

struct heard {
    kn_status status;
    char uid[16];
    int is_page;
    int has_channels;
    int destroyed;
};

static void hear(const kn_result *result, void *user_data) {
    struct heard *heard = user_data;
    const kn_subscribers *page = kn_result_subscribers(result);
    heard->status = kn_result_status(result);
    heard->is_page = page != NULL;
    heard->has_channels = kn_result_channels(result) != NULL;
    if (kn_subscribers_count(page) == 1)
        snprintf(heard->uid, sizeof heard->uid, "%s", kn_subscribers_uid(page, 0));
}

static void count_heard(void *user_data) { ++((struct heard *)user_data)->destroyed; }

static void a_page_may_be_asked_for_without_waiting(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    struct heard heard = {0}, missing = {0}, token = {0};
    assert_ok(kn_client_open_channel, client, ROOM);
    assert_true(test_browser_subscribe(browser_on(stage), ROOM));
    assert_ok(kn_client_subscribers_async, client, ROOM, NULL, 10, hear, &heard, count_heard);
    assert_ok(kn_client_subscribers_async, client, "nowhere", NULL, 0, hear, &missing, count_heard);
    assert_ok(kn_client_request_token_async, client, "joe", ".*", hear, &token, count_heard);
    assert_int_equal(kn_client_pending(client), 3);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_status(KN_OK, heard.status);
    assert_string_equal(heard.uid, "joe");
    assert_int_equal(heard.destroyed, 1);
    assert_status(KN_ENOCHANNEL, missing.status);
    assert_false(missing.is_page);
    assert_int_equal(missing.destroyed, 1);
    assert_status(KN_OK, token.status);
    assert_false(token.is_page);
    kn_client_free(client);
}

/* ---- Which channels there are ---- */

static kn_channels *channels_of(kn_client *client, const char *prefix, const char *after,
                                int32_t limit) {
    kn_channels *page = NULL;
    assert_ok(kn_client_channels, client, prefix, after, limit, &page);
    assert_non_null(page);
    return page;
}

static void null_has_no_channels(void **state) {
    (void)state;
    assert_int_equal(kn_channels_count(NULL), 0);
    assert_null(kn_channels_name(NULL, 0));
    assert_null(kn_channels_type(NULL, 0));
    assert_int_equal(kn_channels_subscribers(NULL, 0), 0);
    assert_int_equal(kn_channels_members(NULL, 0), -1);
    assert_null(kn_channels_next(NULL));
    kn_channels_free(NULL);
    assert_null(kn_result_channels(NULL));
}

static void what_is_asked_of_channels_is_checked(void **state) {
    (void)state;
    kn_client *client = client_at(test_unused_address());
    kn_channels *page = garbage;
    int destroyed = 0;
    assert_fails(KN_EINVAL, kn_client_channels, NULL, NULL, NULL, 0, &page);
    assert_null(page);
    assert_fails(KN_EINVAL, kn_client_channels, client, NULL, NULL, 0, NULL);
    assert_fails(KN_EINVAL, kn_client_channels, client, "no/slash", NULL, 0, &page);
    assert_fails(KN_EINVAL, kn_client_channels, client, "-x", NULL, 0, &page);
    assert_fails(KN_EINVAL, kn_client_channels, client, NULL, "", 0, &page);
    assert_fails(KN_EINVAL, kn_client_channels, client, NULL, "\xFF", 0, &page);
    assert_fails(KN_EINVAL, kn_client_channels, client, NULL, NULL, -1, &page);
    assert_fails(KN_EINVAL, kn_client_channels_async, NULL, NULL, NULL, 0, NULL, &destroyed,
                 count_end);
    assert_fails(KN_EINVAL, kn_client_channels_async, client, "no/slash", NULL, 0, NULL, &destroyed,
                 count_end);
    assert_int_equal(destroyed, 2);
    assert_int_equal(kn_client_pending(client), 0);
    assert_int_equal(kn_client_requests(client), 0);
    page = garbage;
    assert_fails(KN_ECONNECT, kn_client_channels, client, "", "after", 7, &page);
    assert_null(page);
    kn_client_free(client);
}

static void a_channel_is_what_it_is(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    kn_channels *page = channels_of(client, NULL, NULL, 0);
    assert_int_equal(kn_channels_count(page), 0);
    assert_null(kn_channels_next(page));
    kn_channels_free(page);
    assert_ok(kn_client_open_channel, client, ROOM);
    assert_ok(kn_client_open_channel, client, "private-desk");
    assert_ok(kn_client_open_channel, client, "room");
    test_browser *browser = another_browser(stage, "al");
    assert_true(test_browser_subscribe(browser, ROOM));
    assert_true(test_browser_subscribe_as(browser_on(stage), ROOM, "{}", 1)); /* hidden */
    page = channels_of(client, NULL, NULL, 0);
    kn_client_free(client); /* the page is an object of its own */

    assert_int_equal(kn_channels_count(page), 3);
    assert_string_equal(kn_channels_name(page, 0), ROOM);
    assert_string_equal(kn_channels_type(page, 0), "presence");
    assert_int_equal(kn_channels_subscribers(page, 0), 2);
    assert_int_equal(kn_channels_members(page, 0), 1);
    assert_string_equal(kn_channels_type(page, 1), "private");
    assert_int_equal(kn_channels_members(page, 1), -1);
    assert_string_equal(kn_channels_type(page, 2), "normal");
    assert_int_equal(kn_channels_subscribers(page, 2), 0);
    assert_null(kn_channels_name(page, 3));
    assert_null(kn_channels_type(page, SIZE_MAX));
    assert_int_equal(kn_channels_subscribers(page, 3), 0);
    assert_int_equal(kn_channels_members(page, 3), -1);
    kn_channels_free(page);
    test_browser_free(browser);
}

static void pages_of_channels_have_what_begins_so(void **state) {
    static const char *const names[] = {"a", "room-1", "room-2", "room-3", "roomy"};
    const struct stage *stage = *state;
    kn_client *client = client_on(stage);
    for (int i = 4; i >= 0; --i)
        assert_ok(kn_client_open_channel, client, names[i]);
    kn_channels *first = channels_of(client, "room-", NULL, 2);
    assert_int_equal(kn_channels_count(first), 2);
    assert_string_equal(kn_channels_name(first, 0), "room-1");
    assert_string_equal(kn_channels_next(first), "room-2");
    assert_ok(kn_client_close_channel, client, "room-2"); /* a name is a place all the same */
    kn_channels *last = channels_of(client, "room-", kn_channels_next(first), 2);
    assert_int_equal(kn_channels_count(last), 1);
    assert_string_equal(kn_channels_name(last, 0), "room-3");
    assert_null(kn_channels_next(last));
    kn_channels_free(first);
    kn_channels_free(last);
    kn_channels *page = garbage;
    assert_fails(KN_EBADREQUEST, kn_client_channels, client, NULL, NULL, 1001, &page);
    assert_null(page);
    kn_client_free(client);
}

static void channels_may_be_asked_for_without_waiting(void **state) {
    struct heard heard = {0};
    kn_client *client = client_on(*state);
    assert_ok(kn_client_channels_async, client, NULL, NULL, 0, hear, &heard, count_heard);
    assert_ok(kn_client_flush, client, PATIENCE_MS);
    assert_status(KN_OK, heard.status);
    assert_true(heard.has_channels);
    assert_false(heard.is_page);
    assert_int_equal(heard.destroyed, 1);
    kn_client_free(client);
}

/* ---- What workers hear ---- */

static void assert_hears(kn_worker *worker, const char *topic, const char *sid,
                         const char *member) {
    kn_event *event = NULL;
    assert_ok(kn_worker_next, worker, PATIENCE_MS, &event);
    assert_string_equal(kn_event_topic(event), topic);
    assert_string_equal(kn_event_channel(event), ROOM);
    assert_string_equal(kn_event_uid(event), "joe");
    assert_string_equal(kn_event_sid(event), sid);
    assert_non_null(strstr(kn_event_data(event, NULL), member));
    kn_event_free(event);
}

static void never_called(kn_event *event, void *user_data) {
    (void)event;
    (void)user_data;
}

static void a_worker_hears_who_joins_and_leaves(void **state) {
    const struct stage *stage = *state;
    kn_client *client = client_on(stage);
    kn_worker *worker = worker_at(stage->url);
    char sid[64];
    assert_ok(kn_client_open_channel, client, ROOM);
    assert_ok(kn_worker_on, worker, "*/:joined", never_called, NULL, NULL);
    assert_ok(kn_worker_on, worker, ROOM "/:left", never_called, NULL, NULL);
    connect_worker(worker);
    test_browser *browser = another_browser(stage, "joe");
    snprintf(sid, sizeof sid, "%s", test_browser_sid(browser));
    assert_true(test_browser_subscribe_as(browser, ROOM, "{\"seat\":4}", 1));
    assert_hears(worker, ROOM "/:joined", sid, "{\"seat\":4}");
    test_browser_free(browser);
    assert_hears(worker, ROOM "/:left", sid, "\"reason\":\"");
    kn_worker_free(worker);
    kn_client_free(client);
}

static void a_worker_that_asks_for_everything_hears_none_of_it(void **state) {
    struct stage *stage = *state;
    kn_client *client = client_on(stage);
    kn_worker *worker = worker_at(stage->url);
    assert_ok(kn_client_open_channel, client, ROOM);
    assert_ok(kn_worker_on, worker, "*/*", never_called, NULL, NULL);
    connect_worker(worker);
    assert_true(test_browser_subscribe(browser_on(stage), ROOM));
    send_numbers(stage, "chat/said", 1);
    take_number(worker, 1);
    kn_worker_free(worker);
    kn_client_free(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_nobody),
        cmocka_unit_test(what_is_asked_is_checked),
        cmocka_unit_test(what_is_handed_in_is_checked_and_destroyed),
        on_stage(nobody_is_a_page_too),
        on_stage(a_subscriber_is_who_it_is),
        on_stage(a_stranger_has_no_uid),
        on_stage(a_page_follows_another),
        on_stage(it_fails_as_it_says),
        on_stage(a_page_may_be_too_big_and_a_smaller_one_not),
        on_stage(a_page_may_be_asked_for_without_waiting),
        cmocka_unit_test(null_has_no_channels),
        cmocka_unit_test(what_is_asked_of_channels_is_checked),
        on_stage(a_channel_is_what_it_is),
        on_stage(pages_of_channels_have_what_begins_so),
        on_stage(channels_may_be_asked_for_without_waiting),
        on_stage(a_worker_hears_who_joins_and_leaves),
        on_stage(a_worker_that_asks_for_everything_hears_none_of_it),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
