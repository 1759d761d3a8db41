#pragma once

#include "http/curl.hpp"
#include "settings.hpp"

namespace kn {

/// What every transfer of the library has in common, whichever room makes it: limits of time,
/// protocols, and no trace in the process (no signals, close-on-exec descriptors).
void configure_transfer(CURL *easy, const settings &options, char *error_text);

/// A limit for libcurl, where 0 means none.
long curl_timeout(milliseconds limit) noexcept;

} // namespace kn
