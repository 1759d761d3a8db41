/* version.h: one number for headers and library. */
#include <stdio.h>

#include "assertions.h"

#if !KN_VERSION_AT_LEAST(1, 0, 0) || KN_VERSION_AT_LEAST(255, 0, 0)
#error "KN_VERSION_AT_LEAST() is usable in #if, and compares"
#endif

static void library_and_headers_are_of_one_version(void **state) {
    (void)state;
    assert_string_equal(kn_version(), KN_VERSION_STRING);
    assert_int_equal(kn_version_number(), KN_VERSION_NUMBER);
}

static void text_and_number_say_the_same(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", KN_VERSION_MAJOR, KN_VERSION_MINOR, KN_VERSION_PATCH);
    assert_string_equal(KN_VERSION_STRING, text);
    assert_int_equal(KN_VERSION_NUMBER,
                     KN_VERSION_MAJOR * 0x10000 + KN_VERSION_MINOR * 0x100 + KN_VERSION_PATCH);
    assert_true(KN_VERSION_AT_LEAST(KN_VERSION_MAJOR, KN_VERSION_MINOR, KN_VERSION_PATCH));
    assert_false(KN_VERSION_AT_LEAST(KN_VERSION_MAJOR, KN_VERSION_MINOR, KN_VERSION_PATCH + 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(library_and_headers_are_of_one_version),
        cmocka_unit_test(text_and_number_say_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
