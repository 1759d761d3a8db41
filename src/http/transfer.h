#pragma once

#include "base/deadline.h"
#include "base/settings.h"
#include "http/curl.h"
#include "http/open_sockets.h"

namespace kn {

/// What a transfer leaves behind, besides libcurl's code.
struct TransferTrace {
    char text[CURL_ERROR_SIZE] = "";
    int socket_error = 0; // errno, where there was no socket to be had
    OpenSockets *sockets = nullptr;
    bool has_own_authority = false; // the user's, not the system's

    // A client's request is sent once: from the moment on in which bytes of it may have left, no
    // connection is opened for it or used. libcurl would do so where a connection that was used
    // before ends without an answer, and the server may have carried it out.
    bool is_sent_once = false;
    bool has_begun = false;
    bool is_on_new_connection = false;
    bool is_connection_stale = false; // so that nothing was sent on it, and another one is needed

    void clear() noexcept {
        text[0] = '\0';
        socket_error = 0;
        has_begun = false;
        is_on_new_connection = false;
        is_connection_stale = false;
    }
};

/// What every transfer of the library has in common, whichever room makes it: limits of time,
/// protocols, and no mark on the process (no signals, close-on-exec descriptors).
void configure_transfer(CURL *easy, const Settings &options, TransferTrace &trace);

/// Lets @p sockets know of the connections that the transfer opens and closes.
void observe_sockets(CURL *easy, TransferTrace &trace, OpenSockets &sockets);

/// Whether a transfer may write on TLS: a proxy may be spoken to in it, too.
bool may_use_tls(bool is_https, const Settings &options) noexcept;

/// What is left until then, for libcurl, where 0 means no limit; 1 ms when it is over already.
long curl_time_left(const Deadline &until) noexcept;

} // namespace kn
