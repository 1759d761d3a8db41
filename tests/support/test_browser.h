/* A browser for tests in C. A call that does not work out says why on the standard error. */
#ifndef TEST_BROWSER_H
#define TEST_BROWSER_H

#include "test_broker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a page in a browser is to the broker. */
typedef struct test_browser test_browser;

/* A browser that is connected to the vhost of a backend's URL; NULL when it did not work. */
TEST_MUST_CHECK test_browser *test_browser_connect(const char *backend_url);
/* May be NULL. */
void test_browser_free(test_browser *browser);

/* The session's id, borrowed. */
TEST_MUST_CHECK const char *test_browser_sid(const test_browser *browser);

/* These: 1, or 0 when it did not work. Payloads are JSON texts. */
TEST_MUST_CHECK int test_browser_authenticate(test_browser *browser, const char *uid,
                                              const char *channels);
TEST_MUST_CHECK int test_browser_subscribe(test_browser *browser, const char *channel);
/* The same, with something to say of itself, and hidden or not. */
TEST_MUST_CHECK int test_browser_subscribe_as(test_browser *browser, const char *channel,
                                              const char *data, int is_hidden);
TEST_MUST_CHECK int test_browser_broadcast(test_browser *browser, const char *channel,
                                           const char *event, const char *data);
TEST_MUST_CHECK int test_browser_trigger(test_browser *browser, const char *event,
                                         const char *data);

/* The payload of the next message of that name, for the caller to free(); NULL when none came. */
TEST_MUST_CHECK char *test_browser_wait_for(test_browser *browser, const char *name);

#ifdef __cplusplus
}
#endif

#endif
