/* What Go cannot do itself: give C the address of a Go function. Handles of runtime/cgo are numbers
 * and not addresses, so they become a `void *` here, where Go's checks of pointers do not look. */
#ifndef KOSMONAUT_GO_BRIDGE_H
#define KOSMONAUT_GO_BRIDGE_H

#include <stdint.h>

#include <kosmonaut/kosmonaut.h>

kn_status kn_go_options_set_log(kn_options *options, int32_t level, uintptr_t handle);

/* A handler that is never called: Go takes events out with kn_worker_next(). It is there for the
 * filter, which the library makes of the patterns that have a handler. */
kn_status kn_go_worker_cover(kn_worker *worker, const char *pattern, kn_error **error);
kn_status kn_go_worker_uncover(kn_worker *worker, const char *pattern, kn_error **error);
/* A handle of 0 takes the error handler away. */
kn_status kn_go_worker_on_error(kn_worker *worker, uintptr_t handle, kn_error **error);

#endif
