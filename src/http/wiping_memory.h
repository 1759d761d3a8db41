#pragma once

#include <curl/curl.h>

namespace kn {

/// Sets libcurl up with a free() that wipes. A request's head goes through buffers of libcurl's,
/// and would show the credentials in a core dump long after their handle is freed. Where the
/// program has set libcurl up before, libcurl keeps the memory functions it has, and this is
/// curl_global_init().
CURLcode set_up_curl_to_wipe() noexcept;

/// Wipes what calls that are over have left on this thread's stack and in its registers, through
/// which text is copied and which the dynamic linker saves on the stack.
void wipe_traces() noexcept;

} // namespace kn
