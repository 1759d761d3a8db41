/**
 * @file status.h
 * @brief What a call has to say: done, nothing to hand over, or failed.
 *
 * 0 is done. A status above 0 says that nothing went wrong but there is nothing to hand over. A
 * status below 0 is a failure. Codes will be added on both sides: treat an unknown one by its sign.
 */
#ifndef KOSMONAUT_STATUS_H
#define KOSMONAUT_STATUS_H

#include <stdint.h>

#include <kosmonaut/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A status: one of the KN_ constants below, or one that a later release added. @since 1.0 */
typedef int32_t kn_status;

enum {
    /** Done. */
    KN_OK = 0,
    /** Nothing, or nothing more, within the time given to the call. */
    KN_AGAIN = 1,
    /** The worker was closed or freed, or the server ended the stream (204): nothing more comes. */
    KN_CLOSED = 2,
    /** kn_worker_interrupt() or kn_client_interrupt() woke the call. */
    KN_INTERRUPTED = 3,

    /** A bad argument, a malformed URL, or a name outside the grammar; nothing was sent. */
    KN_EINVAL = -101,
    /** Out of memory or descriptors. The handle is still usable. */
    KN_ENOMEM = -102,
    /** The payload is not a JSON object; nothing was sent. */
    KN_EJSON = -103,
    /** Over a size limit: one of the options, or the server's (413). */
    KN_ETOOBIG = -104,

    /** The server's name could not be resolved, or it could not be connected to. */
    KN_ECONNECT = -201,
    /** The TLS handshake or a certificate was refused, or a certificate file cannot be read. */
    KN_ETLS = -202,
    /** One of the time limits in the options ran out. */
    KN_ETIMEOUT = -203,
    /** The connection broke while the two sides were talking. */
    KN_EIO = -204,
    /** The answer is not what the Backend API says; is this really a WebRocket server? */
    KN_EPROTOCOL = -205,

    /** 400, and every 4xx without a line of its own here. */
    KN_EBADREQUEST = -301,
    /** 401: the vhost token is wrong or was replaced. */
    KN_EUNAUTHORIZED = -302,
    /** 403: the server forbids it. */
    KN_EFORBIDDEN = -303,
    /** 404: the vhost does not exist. */
    KN_ENOVHOST = -304,
    /** 404: the channel does not exist. */
    KN_ENOCHANNEL = -305,
    /** 400: the server does not allow this channel name. */
    KN_EBADCHANNEL = -306,
    /** 429: too many requests; see kn_error_retry_after_ms(). */
    KN_ERATELIMIT = -307,
    /** 502, 503 or 504: the server, or a proxy before it, is not available now. */
    KN_EUNAVAILABLE = -308,
    /** Every other 5xx. */
    KN_ESERVER = -309,
    /** 409: the request conflicts with an earlier one. */
    KN_ECONFLICT = -310,
    /** Another worker took this one's name. */
    KN_EREPLACED = -311,
    /** 404: the group does not exist. @since 1.0 */
    KN_ENOGROUP = -313,

    /** The call is not allowed in this state, or beside the call that is running. */
    KN_ESTATE = -401,
    /** The handle belongs to the process that this one was forked from. */
    KN_EFORK = -402,
    /** Too many calls are pending; nothing was taken. */
    KN_EFULL = -403,
    /** A bug in the library. Please report it with the error's message. */
    KN_EINTERNAL = -999
};

/**
 * @brief The name of a status, for logs and for bindings: "KN_ENOCHANNEL".
 *
 * @param status any value.
 * @return static text; "KN_UNKNOWN" for a value this release does not know; never NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_status_name(kn_status status);

/**
 * @brief A status in a sentence, for people.
 *
 * The wording may change between releases; branch on the status itself.
 *
 * @param status any value.
 * @return static text; never NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_status_message(kn_status status);

/**
 * @brief Whether the same call may well succeed if it is made again later.
 *
 * True for KN_ECONNECT, KN_ETIMEOUT, KN_EIO, KN_ERATELIMIT, KN_EUNAVAILABLE, KN_ESERVER and
 * KN_EFULL. A call that ended with KN_ETIMEOUT or KN_EIO may have been carried out by the server.
 *
 * @param status any value.
 * @return 1 or 0.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_status_is_retriable(kn_status status);

#ifdef __cplusplus
}
#endif

#endif
