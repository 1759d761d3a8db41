/**
 * @file kosmonaut.h
 * @brief Everything of libkosmonaut, the backend library of the WebRocket broker.
 *
 * Conventions that hold everywhere:
 * - Handles are opaque and always behind a pointer. Arguments come in the order handle, inputs,
 *   outputs, error.
 * - Text is UTF-8, NUL-terminated, and copied on the way in. Payloads are a pointer and a length.
 * - Outputs are NULL or 0 whenever the status is not KN_OK.
 * - Times are int64_t milliseconds: 0 does not wait, -1 waits for ever, less is KN_EINVAL.
 * - NULL where a value is required is KN_EINVAL, before anything else happens. Every `_free` takes
 *   NULL; getters answer NULL with NULL, 0 or -1.
 * - Callbacks run only inside a call on their handle, on the caller's thread, with no lock held.
 * - The library starts no thread, installs no signal handler, writes nothing to the terminal.
 * - After fork() a child's calls on its parent's handles return KN_EFORK.
 */
#ifndef KOSMONAUT_H
#define KOSMONAUT_H

#include <kosmonaut/batch.h>
#include <kosmonaut/channels.h>
#include <kosmonaut/client.h>
#include <kosmonaut/error.h>
#include <kosmonaut/event.h>
#include <kosmonaut/export.h>
#include <kosmonaut/options.h>
#include <kosmonaut/status.h>
#include <kosmonaut/subscribers.h>
#include <kosmonaut/version.h>
#include <kosmonaut/worker.h>

#endif
