/* What goes over the wire, for tests in C. */
#ifndef TEST_WIRETAP_H
#define TEST_WIRETAP_H

#include <stddef.h>

#include "test_broker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Stands before the broker and keeps what is sent to it. */
typedef struct test_wiretap test_wiretap;

/* NULL when it did not work; it says why on the standard error. */
TEST_MUST_CHECK test_wiretap *test_wiretap_start(const char *backend_url);
/* May be NULL. */
void test_wiretap_free(test_wiretap *tap);

/* The vhost's URL through here, borrowed. */
TEST_MUST_CHECK const char *test_wiretap_url(const test_wiretap *tap);
/* What was sent so far, for the caller to free(); a NUL follows. */
TEST_MUST_CHECK char *test_wiretap_sent(const test_wiretap *tap, size_t *length);
/* How many connections there have been. */
TEST_MUST_CHECK int test_wiretap_connections(const test_wiretap *tap);

#ifdef __cplusplus
}
#endif

#endif
