/* cmocka, and what the tests of a C API of statuses say beyond it. Main thread only: a failure is a
 * longjmp(). */
#ifndef TEST_ASSERTIONS_H
#define TEST_ASSERTIONS_H

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <kosmonaut/kosmonaut.h>

/* The call, without its error argument, ends with @p status. */
#define assert_status(status, call) check_status((status), (call), #call, __FILE__, __LINE__)

/* function(…, &error) succeeds with a status that is no failure, and leaves the error alone. */
#define assert_says(status, function, ...)                                                         \
    do {                                                                                           \
        kn_error *error_ = garbage;                                                                \
        const kn_status said_ = function(__VA_ARGS__, &error_);                                    \
        check_told((status), said_, error_, #function "(" #__VA_ARGS__ ")", __FILE__, __LINE__);   \
    } while (0)
#define assert_ok(function, ...) assert_says(KN_OK, function, __VA_ARGS__)

/* function(…, &error) fails with @p status, and the error object says the same. */
#define assert_fails(status, function, ...)                                                        \
    do {                                                                                           \
        kn_error *error_ = NULL;                                                                   \
        const kn_status said_ = function(__VA_ARGS__, &error_);                                    \
        check_failed((status), said_, error_, #function "(" #__VA_ARGS__ ")", __FILE__, __LINE__); \
    } while (0)

/* What outputs hold before a call that has to clear them, or has to leave them alone. */
extern void *const garbage;

void check_status(kn_status expected, kn_status said, const char *call, const char *file, int line);
void check_told(kn_status expected, kn_status said, kn_error *error, const char *call,
                const char *file, int line);
/* Frees the error. */
void check_failed(kn_status expected, kn_status said, kn_error *error, const char *call,
                  const char *file, int line);

#endif
