#pragma once

#include "deadline.hpp"
#include "http/curl.hpp"
#include "settings.hpp"

namespace kn {

class client_metrics;

/// What every transfer of the library has in common, whichever room makes it: limits of time,
/// protocols, and no trace in the process (no signals, close-on-exec descriptors).
void configure_transfer(CURL *easy, const settings &options, char *error_text);

/// Lets @p metrics know of the connections that the transfer opens and closes. They may be closed
/// long after it, so @p metrics has to outlive what keeps them open.
void count_sockets(CURL *easy, client_metrics &metrics);

/// What is left until then, for libcurl, where 0 means no limit; 1 ms when it is over already.
long curl_time_left(const deadline &until) noexcept;

} // namespace kn
