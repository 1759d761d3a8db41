#include "assertions.h"

#include <string.h>

static char place;
void *const garbage = &place;

void check_status(kn_status expected, kn_status said, const char *call, const char *file,
                  int line) {
    if (said == expected)
        return;
    print_error("%s\n  said %s (%d), expected %s\n", call, kn_status_name(said), said,
                kn_status_name(expected));
    _fail(file, line);
}

void check_told(kn_status expected, kn_status said, kn_error *error, const char *call,
                const char *file, int line) {
    if (said < 0 && error != garbage)
        print_error("%s\n", kn_error_message(error));
    check_status(expected, said, call, file, line);
    if (error != garbage) {
        print_error("%s\n  did not fail, and yet it put an error there\n", call);
        _fail(file, line);
    }
}

void check_failed(kn_status expected, kn_status said, kn_error *error, const char *call,
                  const char *file, int line) {
    check_status(expected, said, call, file, line);
    if (error == NULL || kn_error_status(error) != expected ||
        strlen(kn_error_message(error)) == 0) {
        print_error("%s\n  failed with an error object that says %s: \"%s\"\n", call,
                    error != NULL ? kn_status_name(kn_error_status(error)) : "nothing",
                    kn_error_message(error));
        _fail(file, line);
    }
    kn_error_free(error);
}
