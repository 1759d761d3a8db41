#include <kosmonaut/version.h>

const char *kn_version(void) { return KN_VERSION_STRING; }

int32_t kn_version_number(void) { return KN_VERSION_NUMBER; }
