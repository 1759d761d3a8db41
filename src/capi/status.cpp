#include "base/status.h"

const char *kn_status_name(kn_status status) { return kn::status_name(status); }

const char *kn_status_message(kn_status status) { return kn::status_message(status); }

int32_t kn_status_is_retriable(kn_status status) { return kn::status_is_retriable(status) ? 1 : 0; }
