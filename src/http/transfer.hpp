#pragma once

#include "deadline.hpp"
#include "http/curl.hpp"
#include "settings.hpp"

namespace kn {

class client_metrics;

/// What a transfer leaves behind, besides libcurl's code.
struct transfer_trace {
    char text[CURL_ERROR_SIZE] = "";
    int socket_error = 0;              // errno, where there was no socket to be had
    client_metrics *metrics = nullptr; // where its connections are counted

    void clear() noexcept {
        text[0] = '\0';
        socket_error = 0;
    }
};

/// What every transfer of the library has in common, whichever room makes it: limits of time,
/// protocols, and no mark on the process (no signals, close-on-exec descriptors).
void configure_transfer(CURL *easy, const settings &options, transfer_trace &trace);

/// Lets @p metrics know of the connections that the transfer opens and closes. They may be closed
/// long after it, so @p metrics has to outlive what keeps them open.
void count_connections(CURL *easy, transfer_trace &trace, client_metrics &metrics);

/// Whether a transfer may write on TLS: a proxy may be spoken to in it, too.
bool may_use_tls(bool is_https, const settings &options) noexcept;

/// What is left until then, for libcurl, where 0 means no limit; 1 ms when it is over already.
long curl_time_left(const deadline &until) noexcept;

} // namespace kn
