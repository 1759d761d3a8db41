/* options.h, the part that says how requests travel: TLS files, proxies, sockets, headers, limits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertions.h"
#include "stage.h"
#include "test_wiretap.h"

typedef kn_status text_setter(kn_options *options, const char *text);
typedef kn_status count_setter(kn_options *options, int32_t count);

/* What every text has in common; "" is for the caller to judge. */
static void check_text_setter(text_setter *set, const char *good) {
    kn_options *options = kn_options_new();
    assert_non_null(options);
    assert_status(KN_OK, set(options, good));
    assert_status(KN_EINVAL, set(options, NULL));
    assert_status(KN_EINVAL, set(options, "two\nlines"));
    assert_status(KN_EINVAL, set(options, "not UTF-8: \xff"));
    assert_status(KN_EINVAL, set(NULL, good));
    kn_options_free(options);
}

static void texts_are_plain(void **state) {
    (void)state;
    check_text_setter(kn_options_set_ca_file, "/etc/ca.pem");
    check_text_setter(kn_options_set_unix_socket, "/run/broker.sock");
    check_text_setter(kn_options_set_user_agent, "moon/1.0");
    check_text_setter(kn_options_set_worker_name, "mailer-1.a_b");
    check_text_setter(kn_options_set_proxy, "http://proxy:3128");
    kn_options *options = kn_options_new();
    assert_status(KN_EINVAL, kn_options_set_ca_file(options, ""));
    assert_status(KN_EINVAL, kn_options_set_unix_socket(options, ""));
    assert_status(KN_EINVAL, kn_options_set_user_agent(options, ""));
    assert_status(KN_EINVAL, kn_options_set_worker_name(options, ""));
    kn_options_free(options);
}

static void counts_have_bounds(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_max_connections(options, 1));
    assert_status(KN_OK, kn_options_set_max_connections(options, 1024));
    assert_status(KN_EINVAL, kn_options_set_max_connections(options, 0));
    assert_status(KN_EINVAL, kn_options_set_max_connections(options, 1025));
    assert_status(KN_EINVAL, kn_options_set_max_connections(NULL, 1));
    assert_status(KN_OK, kn_options_set_max_pending(options, 1));
    assert_status(KN_OK, kn_options_set_max_pending(options, INT32_MAX));
    assert_status(KN_EINVAL, kn_options_set_max_pending(options, 0));
    assert_status(KN_EINVAL, kn_options_set_max_pending(NULL, 1));
    assert_status(KN_OK, kn_options_set_retries(options, 0));
    assert_status(KN_OK, kn_options_set_retries(options, INT32_MAX));
    assert_status(KN_EINVAL, kn_options_set_retries(options, -1));
    assert_status(KN_EINVAL, kn_options_set_retries(NULL, 1));
    assert_status(KN_OK, kn_options_set_max_response_size(options, 1));
    assert_status(KN_OK, kn_options_set_max_response_size(options, INT64_MAX));
    assert_status(KN_EINVAL, kn_options_set_max_response_size(options, 0));
    assert_status(KN_EINVAL, kn_options_set_max_response_size(NULL, 1));
    assert_status(KN_OK, kn_options_set_verify(options, 0));
    assert_status(KN_OK, kn_options_set_verify(options, 1));
    assert_status(KN_EINVAL, kn_options_set_verify(options, 2));
    assert_status(KN_EINVAL, kn_options_set_verify(options, -1));
    assert_status(KN_EINVAL, kn_options_set_verify(NULL, 1));
    kn_options_free(options);
}

static void a_worker_name_has_64_characters_at_most(void **state) {
    (void)state;
    char name[66];
    kn_options *options = kn_options_new();
    memset(name, 'a', sizeof name);
    name[64] = '\0';
    assert_status(KN_OK, kn_options_set_worker_name(options, name));
    name[64] = 'a';
    name[65] = '\0';
    assert_status(KN_EINVAL, kn_options_set_worker_name(options, name));
    assert_status(KN_EINVAL, kn_options_set_worker_name(options, "a b"));
    assert_status(KN_EINVAL, kn_options_set_worker_name(options, "a/b"));
    kn_options_free(options);
}

static void a_certificate_may_hold_its_key(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_client_certificate(options, "c.pem", "k.pem"));
    assert_status(KN_OK, kn_options_set_client_certificate(options, "both.pem", NULL));
    assert_status(KN_EINVAL, kn_options_set_client_certificate(options, NULL, "k.pem"));
    assert_status(KN_EINVAL, kn_options_set_client_certificate(options, "", NULL));
    assert_status(KN_EINVAL, kn_options_set_client_certificate(options, "c.pem", ""));
    assert_status(KN_EINVAL, kn_options_set_client_certificate(NULL, "c.pem", "k.pem"));
    kn_options_free(options);
}

static void a_proxy_is_a_url_of_a_known_kind(void **state) {
    (void)state;
    static const char *const good[] = {"",
                                       "environment",
                                       "http://p",
                                       "https://p:1",
                                       "socks4://p",
                                       "socks4a://p",
                                       "socks5://u:p@h:1080",
                                       "socks5h://[::1]:1080"};
    static const char *const bad[] = {"p", "p:3128", "ftp://p", "http://", "http://h:99999", "env"};
    kn_options *options = kn_options_new();
    for (size_t i = 0; i < sizeof good / sizeof good[0]; ++i)
        assert_status(KN_OK, kn_options_set_proxy(options, good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; ++i)
        assert_status(KN_EINVAL, kn_options_set_proxy(options, bad[i]));
    kn_options_free(options);
}

static void the_librarys_own_headers_are_refused(void **state) {
    (void)state;
    static const char *const refused[] = {"Authorization",
                                          "authorization",
                                          "Host",
                                          "Content-Length",
                                          "Transfer-Encoding",
                                          "Last-Event-ID",
                                          "Idempotency-Key",
                                          "Accept",
                                          "Expect",
                                          "User-Agent",
                                          "Accept-Encoding",
                                          "",
                                          "two words",
                                          "colon:",
                                          "new\nline"};
    kn_options *options = kn_options_new();
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; ++i)
        assert_status(KN_EINVAL, kn_options_add_header(options, refused[i], "x"));
    assert_status(KN_EINVAL, kn_options_add_header(options, "X-Key", "two\r\nlines"));
    assert_status(KN_EINVAL, kn_options_add_header(options, "X-Key", ""));
    assert_status(KN_EINVAL, kn_options_add_header(options, "X-Key", NULL));
    assert_status(KN_EINVAL, kn_options_add_header(options, NULL, "x"));
    assert_status(KN_EINVAL, kn_options_add_header(NULL, "X-Key", "x"));
    assert_status(KN_OK, kn_options_add_header(options, "X-Key", "x y; z"));
    kn_options_free(options);
}

static void headers_and_user_agent_go_out_with_every_request(void **state) {
    const struct stage *stage = *state;
    test_wiretap *tap = test_wiretap_start(stage->url);
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    kn_worker *worker = NULL;
    size_t length = 0;
    assert_non_null(tap);
    assert_status(KN_OK, kn_options_add_header(options, "X-First", "one"));
    assert_status(KN_OK, kn_options_add_header(options, "X-Second", "two"));
    assert_status(KN_OK, kn_options_set_user_agent(options, "moon/1.0"));
    assert_status(KN_OK, kn_options_set_worker_name(options, "mailer-1"));
    assert_ok(kn_client_new, test_wiretap_url(tap), options, &client);
    assert_ok(kn_worker_new, test_wiretap_url(tap), options, &worker);
    kn_options_free(options);
    assert_ok(kn_client_open_channel, client, "news");
    connect_worker(worker);
    char *sent = test_wiretap_sent(tap, &length);
    int first = 0, second = 0, agent = 0;
    for (const char *at = sent; (at = strstr(at, "X-First: one\r\n")) != NULL; ++at)
        ++first;
    for (const char *at = sent; (at = strstr(at, "X-Second: two\r\n")) != NULL; ++at)
        ++second;
    for (const char *at = sent; (at = strstr(at, "User-Agent: moon/1.0\r\n")) != NULL; ++at)
        ++agent;
    assert_int_equal(first, 2);
    assert_int_equal(second, 2);
    assert_int_equal(agent, 2);
    assert_non_null(strstr(sent, "/events?worker=mailer-1 HTTP/1.1"));
    free(sent);
    kn_worker_free(worker);
    kn_client_free(client);
    test_wiretap_free(tap);
}

static void the_environments_proxy_is_used_only_when_asked(void **state) {
    const struct stage *stage = *state;
    /* Where nobody listens, so that whoever goes there fails. */
    const char *const nowhere = strchr(test_unused_address(), '@') + 1;
    char proxy[64];
    snprintf(proxy, sizeof proxy, "http://%.*s", (int)strcspn(nowhere, "/"), nowhere);
    assert_int_equal(setenv("http_proxy", proxy, 1), 0);
    kn_client *client = client_on(stage);
    assert_ok(kn_client_open_channel, client, "news");
    kn_client_free(client);

    kn_options *options = kn_options_new();
    assert_status(KN_OK, kn_options_set_proxy(options, "environment"));
    assert_ok(kn_client_new, stage->url, options, &client);
    assert_fails(KN_ECONNECT, kn_client_open_channel, client, "news");
    kn_client_free(client);
    assert_int_equal(unsetenv("http_proxy"), 0);

    assert_status(KN_OK, kn_options_set_proxy(options, proxy));
    assert_ok(kn_client_new, stage->url, options, &client);
    assert_fails(KN_ECONNECT, kn_client_open_channel, client, "news");
    kn_client_free(client);
    kn_options_free(options);
}

static void a_unix_socket_stands_in_for_host_and_port(void **state) {
    const struct stage *stage = *state;
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    char path[256];
    memset(path, 'p', sizeof path);
    path[107] = '\0';
    assert_status(KN_OK, kn_options_set_unix_socket(options, path));
    path[107] = 'p';
    path[108] = '\0';
    assert_status(KN_EINVAL, kn_options_set_unix_socket(options, path));
    /* Nobody is there, though the URL's own host and port would answer. */
    assert_status(KN_OK, kn_options_set_unix_socket(options, "/nonexistent/broker.sock"));
    assert_ok(kn_client_new, stage->url, options, &client);
    assert_fails(KN_ECONNECT, kn_client_open_channel, client, "news");
    kn_client_free(client);
    kn_options_free(options);
}

static void an_answer_over_the_limit_is_too_big(void **state) {
    const struct stage *stage = *state;
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    char *token = garbage;
    assert_status(KN_OK, kn_options_set_max_response_size(options, 50));
    assert_ok(kn_client_new, stage->url, options, &client);
    assert_fails(KN_ETOOBIG, kn_client_request_token, client, "joe", ".*", &token);
    assert_null(token);
    assert_ok(kn_client_open_channel, client, "news");
    kn_client_free(client);
    kn_options_free(options);
}

static void files_that_cannot_be_read_are_tls_failures(void **state) {
    (void)state;
    kn_options *options = kn_options_new();
    kn_client *client = NULL;
    char url[128];
    snprintf(url, sizeof url, "https%s", strstr(test_unused_address(), "://"));
    assert_status(KN_OK, kn_options_set_ca_file(options, "/nonexistent/ca.pem"));
    assert_ok(kn_client_new, url, options, &client); /* files are opened at first use */
    kn_error *error = NULL;
    const kn_status said = kn_client_open_channel(client, "news", &error);
    /* Nobody listens either; which is found out first is libcurl's affair. */
    assert_true(said == KN_ETLS || said == KN_ECONNECT);
    kn_error_free(error);
    kn_client_free(client);
    kn_options_free(options);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_plain),
        cmocka_unit_test(counts_have_bounds),
        cmocka_unit_test(a_worker_name_has_64_characters_at_most),
        cmocka_unit_test(a_certificate_may_hold_its_key),
        cmocka_unit_test(a_proxy_is_a_url_of_a_known_kind),
        cmocka_unit_test(the_librarys_own_headers_are_refused),
        on_stage(headers_and_user_agent_go_out_with_every_request),
        on_stage(the_environments_proxy_is_used_only_when_asked),
        on_stage(a_unix_socket_stands_in_for_host_and_port),
        on_stage(an_answer_over_the_limit_is_too_big),
        cmocka_unit_test(files_that_cannot_be_read_are_tls_failures),
    };
    return cmocka_run_group_tests(tests, start_broker, stop_broker);
}
