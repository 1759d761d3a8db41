#pragma once

#include "deadline.hpp"
#include "http/curl.hpp"
#include "http/socket_observer.hpp"
#include "settings.hpp"

namespace kn {

/// What a transfer leaves behind, besides libcurl's code.
struct transfer_trace {
    char text[CURL_ERROR_SIZE] = "";
    int socket_error = 0; // errno, where there was no socket to be had
    socket_observer *observer = nullptr;

    void clear() noexcept {
        text[0] = '\0';
        socket_error = 0;
    }
};

/// What every transfer of the library has in common, whichever room makes it: limits of time,
/// protocols, and no mark on the process (no signals, close-on-exec descriptors).
void configure_transfer(CURL *easy, const settings &options, transfer_trace &trace);

/// Lets @p observer know of the connections that the transfer opens and closes.
void observe_sockets(CURL *easy, transfer_trace &trace, socket_observer &observer);

/// Whether a transfer may write on TLS: a proxy may be spoken to in it, too.
bool may_use_tls(bool is_https, const settings &options) noexcept;

/// What is left until then, for libcurl, where 0 means no limit; 1 ms when it is over already.
long curl_time_left(const deadline &until) noexcept;

} // namespace kn
