/* status.h: the numbers that SONAME 1 froze, their names, and what they mean for a retry. */
#include <string.h>

#include "assertions.h"

/* Written out, not taken from the header: these are what binaries have compiled in. */
static const struct {
    kn_status value;
    kn_status constant;
    const char *name;
    int is_retriable;
} statuses[] = {
    {0, KN_OK, "KN_OK", 0},
    {1, KN_AGAIN, "KN_AGAIN", 0},
    {2, KN_CLOSED, "KN_CLOSED", 0},
    {3, KN_INTERRUPTED, "KN_INTERRUPTED", 0},
    {-101, KN_EINVAL, "KN_EINVAL", 0},
    {-102, KN_ENOMEM, "KN_ENOMEM", 0},
    {-103, KN_EJSON, "KN_EJSON", 0},
    {-104, KN_ETOOBIG, "KN_ETOOBIG", 0},
    {-201, KN_ECONNECT, "KN_ECONNECT", 1},
    {-202, KN_ETLS, "KN_ETLS", 0},
    {-203, KN_ETIMEOUT, "KN_ETIMEOUT", 1},
    {-204, KN_EIO, "KN_EIO", 1},
    {-205, KN_EPROTOCOL, "KN_EPROTOCOL", 0},
    {-301, KN_EBADREQUEST, "KN_EBADREQUEST", 0},
    {-302, KN_EUNAUTHORIZED, "KN_EUNAUTHORIZED", 0},
    {-303, KN_EFORBIDDEN, "KN_EFORBIDDEN", 0},
    {-304, KN_ENOVHOST, "KN_ENOVHOST", 0},
    {-305, KN_ENOCHANNEL, "KN_ENOCHANNEL", 0},
    {-306, KN_EBADCHANNEL, "KN_EBADCHANNEL", 0},
    {-307, KN_ERATELIMIT, "KN_ERATELIMIT", 1},
    {-308, KN_EUNAVAILABLE, "KN_EUNAVAILABLE", 1},
    {-309, KN_ESERVER, "KN_ESERVER", 1},
    {-310, KN_ECONFLICT, "KN_ECONFLICT", 0},
    {-311, KN_EREPLACED, "KN_EREPLACED", 0},
    {-313, KN_ENOGROUP, "KN_ENOGROUP", 0},
    {-401, KN_ESTATE, "KN_ESTATE", 0},
    {-402, KN_EFORK, "KN_EFORK", 0},
    {-403, KN_EFULL, "KN_EFULL", 1},
    {-999, KN_EINTERNAL, "KN_EINTERNAL", 0},
};
enum { STATUSES = sizeof statuses / sizeof statuses[0] };

static const kn_status unknown[] = {4, 77, -1, -100, -105, -310311, INT32_MAX, INT32_MIN};
enum { UNKNOWN = sizeof unknown / sizeof unknown[0] };

static void values_are_those_of_the_abi(void **state) {
    (void)state;
    for (int i = 0; i < STATUSES; ++i)
        assert_int_equal(statuses[i].constant, statuses[i].value);
}

static void each_has_its_name(void **state) {
    (void)state;
    for (int i = 0; i < STATUSES; ++i)
        assert_string_equal(kn_status_name(statuses[i].value), statuses[i].name);
    for (int i = 0; i < UNKNOWN; ++i)
        assert_string_equal(kn_status_name(unknown[i]), "KN_UNKNOWN");
}

static void each_has_a_message_of_its_own(void **state) {
    (void)state;
    for (int i = 0; i < STATUSES; ++i) {
        const char *message = kn_status_message(statuses[i].value);
        assert_true(strlen(message) > 0);
        for (int other = 0; other < i; ++other)
            assert_string_not_equal(message, kn_status_message(statuses[other].value));
    }
    for (int i = 0; i < UNKNOWN; ++i)
        assert_true(strlen(kn_status_message(unknown[i])) > 0);
}

static void some_are_worth_another_try(void **state) {
    (void)state;
    for (int i = 0; i < STATUSES; ++i)
        if (kn_status_is_retriable(statuses[i].value) != statuses[i].is_retriable)
            fail_msg("%s", statuses[i].name);
    for (int i = 0; i < UNKNOWN; ++i)
        assert_int_equal(kn_status_is_retriable(unknown[i]), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_those_of_the_abi),
        cmocka_unit_test(each_has_its_name),
        cmocka_unit_test(each_has_a_message_of_its_own),
        cmocka_unit_test(some_are_worth_another_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
