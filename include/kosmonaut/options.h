/**
 * @file options.h
 * @brief Everything about a client or a worker that has a default.
 *
 * A client or a worker copies the options it is given: the caller frees them, or goes on using
 * them, whether that call succeeded or not. Each handle ignores the options it has no use for.
 *
 * A setting that cannot be is KN_EINVAL at its setter, not at first use, and changes nothing.
 * Times are milliseconds; -1 is "for ever".
 */
#ifndef KOSMONAUT_OPTIONS_H
#define KOSMONAUT_OPTIONS_H

#include <stdint.h>

#include <kosmonaut/export.h>
#include <kosmonaut/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Options, while they are being put together. @since 1.0 */
typedef struct kn_options kn_options;

/** How much a log handler wants to hear. A level includes those above it. */
enum {
    /** Something is broken and will stay so until a person acts. */
    KN_LOG_ERROR = 1,
    /** Something failed and is being dealt with. */
    KN_LOG_WARNING = 2,
    /** Connected, reconnecting, closed. */
    KN_LOG_INFO = 3,
    /** What only someone who looks for a mistake wants to read. */
    KN_LOG_DEBUG = 4
};

/** What kn_options_set_delivery() takes. */
enum {
    /** An event is sent once, and may be lost. @since 1.0 */
    KN_AT_MOST_ONCE = 0,
    /** An event is sent until it is acknowledged. @since 1.0 */
    KN_AT_LEAST_ONCE = 1
};

/** What kn_options_set_order() takes: the key of which one event is dealt with at a time. */
enum {
    /** No order. @since 1.0 */
    KN_ORDER_NONE = 0,
    /** The session that sent it. @since 1.0 */
    KN_ORDER_SID = 1,
    /** The user who sent it; where there is none, the session. @since 1.0 */
    KN_ORDER_UID = 2,
    /** The channel; where there is none, the session. @since 1.0 */
    KN_ORDER_CHANNEL = 3
};

/**
 * @brief Receives a line of the log.
 *
 * It is called inside calls on the handle, on the caller's thread, with no lock held. A client may
 * call it on several threads at once. It must not call the library.
 *
 * @param level one of the KN_LOG_ constants.
 * @param message one line of UTF-8 without a newline, borrowed for the call; it never holds a
 *        token.
 * @param user_data as given to kn_options_set_log().
 * @since 1.0
 */
typedef void (*kn_log_handler)(int32_t level, const char *message, void *user_data);

/**
 * @brief Makes options in which everything has its default.
 *
 * @return options that the caller frees with kn_options_free(); NULL when out of memory.
 * @par Threads
 * any thread.
 * @since 1.0
 */
KN_API kn_options *kn_options_new(void);

/**
 * @brief Frees options.
 *
 * @param options may be NULL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API void kn_options_free(kn_options *options);

/**
 * @brief How long connecting may take: the name's resolution, TCP and TLS together.
 *
 * A client's call that takes longer is KN_ETIMEOUT; a worker tries again.
 *
 * @param options not NULL.
 * @param timeout_ms milliseconds, 1 or more, or -1 for ever. Default: 5000.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_connect_timeout_ms(kn_options *options, int64_t timeout_ms);

/**
 * @brief How long a client's call may take in all, connecting and all retries included.
 *
 * @param options not NULL.
 * @param timeout_ms milliseconds, 1 or more, or -1 for ever. Default: 10000.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_request_timeout_ms(kn_options *options, int64_t timeout_ms);

/**
 * @brief How long a worker's stream may be silent before it is taken for dead and made anew.
 *
 * Every byte counts, the broker's heartbeats (every 15 s) too; time that the caller spends outside
 * the worker's calls does not. The head of the server's answer has to be whole within that time.
 *
 * @param options not NULL.
 * @param timeout_ms milliseconds, 1 or more, or -1 for ever. Default: 45000.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_idle_timeout_ms(kn_options *options, int64_t timeout_ms);

/**
 * @brief How long a worker waits before it connects again.
 *
 * The wait begins at @p min_ms, or at the stream's own `retry:` kept within the two bounds, and
 * doubles with each failure up to @p max_ms; half of each wait is random. A server's Retry-After is
 * honoured beyond the upper bound, up to five minutes.
 *
 * @param options not NULL.
 * @param min_ms milliseconds, 1 or more. Default: 1000.
 * @param max_ms milliseconds, not below @p min_ms. Default: 30000.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_reconnect_delay_ms(kn_options *options, int64_t min_ms,
                                                   int64_t max_ms);

/**
 * @brief Which topics a worker asks the broker for.
 *
 * A regular expression in RE2's syntax that has to match a topic as a whole, such as
 * `chat/(save|remove)`. Workers of a vhost with the same text share the events. Without it a worker
 * asks for what its handlers cover. A text that is no regular expression is found out by the
 * broker: the first connection fails for good with KN_EBADREQUEST.
 *
 * @param options not NULL.
 * @param regex UTF-8 without control characters; copied. "" asks for every topic.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_filter(kn_options *options, const char *regex);

/**
 * @brief How large an event a worker accepts.
 *
 * A larger one is reported as KN_ETOOBIG to the error handler, and the stream is made anew.
 *
 * @param options not NULL.
 * @param bytes 1 or more, of topic, id and data together. Default: 16777216 (16 MiB).
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_max_event_size(kn_options *options, int64_t bytes);

/**
 * @brief How large an answer a client accepts. A larger one is KN_ETOOBIG.
 *
 * @param options not NULL.
 * @param bytes 1 or more, of the answer's body. Default: 1048576 (1 MiB).
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_max_response_size(kn_options *options, int64_t bytes);

/**
 * @brief How many connections a client opens at most.
 *
 * The limit holds for the calls that wait, and once more for those that are handed in. A call that
 * waits and finds all of them in use waits for one, within its request timeout. With 1, calls that
 * are handed in are carried out in their order.
 *
 * @param options not NULL.
 * @param count 1 to 1024. Default: 32.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_max_connections(kn_options *options, int32_t count);

/**
 * @brief How many calls may be handed in and not have ended; one more is KN_EFULL.
 *
 * @param options not NULL.
 * @param count 1 or more. Default: 10000.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_max_pending(kn_options *options, int32_t count);

/**
 * @brief How often a client's call is tried again.
 *
 * It is where the connection broke, the answer is 408, 425, 429, 502, 503 or 504, or a try took
 * half of the time that was left of the request timeout (a second at least). A call has one effect,
 * however often it was tried: it carries a key, by which the broker knows it again. On a server
 * that knows no keys, an event is sent again only where not a byte of it had left. The wait before
 * a retry is random, up to 100 ms, doubled each time up to 5 s, and begins when the server's
 * Retry-After is over; what would begin after the request timeout is not tried. A client has ten
 * retries to begin with, earns one with every ten calls, and saves up to a hundred.
 *
 * @param options not NULL.
 * @param count 0 (none) or more. Default: 4.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_retries(kn_options *options, int32_t count);

/**
 * @brief The name under which the broker lists a worker.
 *
 * At least once it is the worker's name within its group: a worker that comes with the name of one
 * that is there takes its place, and that one fails with KN_EREPLACED. A program that is restarted
 * under the name it had is sent what it has not acknowledged at once, and not when the broker has
 * given it up.
 *
 * @param options not NULL.
 * @param name 1 to 64 letters, digits, `_`, `-` and `.`; copied. Default: none; at least once a
 *        random one for each worker.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_worker_name(kn_options *options, const char *name);

/**
 * @brief Whether a worker loses events that it was sent, or gets some again.
 *
 * At most once, which is the default, an event that is lost on the way, or with its worker, is
 * gone. At least once the broker keeps an event for each group of workers until one of the group
 * has acknowledged it (kn_event_ack()), and sends it again where none has. It takes a group
 * (kn_options_set_group()); the broker's side of it stands in docs/workers.md.
 *
 * @param options not NULL.
 * @param delivery KN_AT_MOST_ONCE or KN_AT_LEAST_ONCE.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_delivery(kn_options *options, int32_t delivery);

/**
 * @brief The group that a worker belongs to, at least once.
 *
 * The workers of a group share its events: each goes to one of them at a time. Several groups each
 * get their own copy. The broker keeps a group's events while none of its workers is there.
 *
 * @param options not NULL.
 * @param group 1 to 64 letters, digits, `_`, `-` and `.`; copied. Default: none, with which
 *        kn_worker_new() of a worker that delivers at least once is KN_EINVAL.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_group(kn_options *options, const char *group);

/**
 * @brief How many events a worker is sent that it has not acknowledged, at least once.
 *
 * The broker sends no more until some are: nothing is dropped because a worker is slow. 1 is one
 * after the other.
 *
 * @param options not NULL.
 * @param count 1 to 10000. Default: 256.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_window(kn_options *options, int32_t count);

/**
 * @brief Which events a group's workers deal with one after the other, at least once.
 *
 * Of events with the same key at most one is unacknowledged at a time, whichever worker has it. The
 * order is the group's: its first worker sets it, and one that asks for another is KN_ECONFLICT.
 *
 * @param options not NULL.
 * @param order KN_ORDER_NONE: none; KN_ORDER_SID, KN_ORDER_UID, KN_ORDER_CHANNEL: what the key is.
 *        Default: the group's, whatever it is.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_order(kn_options *options, int32_t order);

/**
 * @brief Whether an event is acknowledged when its last handler returns, at least once.
 *
 * Only where it was neither answered nor deferred (kn_event_defer()). Events that kn_worker_next()
 * hands over are never acknowledged but by kn_event_ack().
 *
 * @param options not NULL.
 * @param acknowledge 1 or 0. Default: 1.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_auto_ack(kn_options *options, int32_t acknowledge);

/**
 * @brief The certificate authorities by which servers are verified, instead of the system's.
 *
 * @param options not NULL.
 * @param path a file of certificates in PEM form; copied, and opened when a connection is made: one
 *        that cannot be read is KN_ETLS then.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_ca_file(kn_options *options, const char *path);

/**
 * @brief The certificate with which this side proves who it is.
 *
 * @param options not NULL.
 * @param cert_file a file in PEM form; copied, and opened when a connection is made: one that
 *        cannot be read is KN_ETLS then.
 * @param key_file the same for the private key; NULL: it is in @p cert_file.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_client_certificate(kn_options *options, const char *cert_file,
                                                   const char *key_file);

/**
 * @brief Whether the server's certificate and its name are verified.
 *
 * Without it anyone on the way can read the vhost's token. Prefer kn_options_set_ca_file().
 *
 * @param options not NULL.
 * @param verify 1 or 0. Default: 1.
 * @return KN_OK; KN_EINVAL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_verify(kn_options *options, int32_t verify);

/**
 * @brief The proxy through which requests go.
 *
 * @param options not NULL.
 * @param url `http://[USER:PASSWORD@]HOST[:PORT]`, or https, socks4, socks4a, socks5, socks5h;
 *        copied. "": none, whatever the environment says, which is the default. "environment": what
 *        `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` say when a connection is made.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_proxy(kn_options *options, const char *url);

/**
 * @brief A unix socket to connect to, instead of the URL's host and port.
 *
 * @param options not NULL.
 * @param path as long as the system allows (107 bytes on Linux); copied.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_unix_socket(kn_options *options, const char *path);

/**
 * @brief A header to be sent with every request. Call it again for more of them.
 *
 * Like the token, it is sent to the URL's own origin only, never to where a redirect leads.
 *
 * @param options not NULL.
 * @param name such as `X-Api-Key`; copied. Headers that the library sets itself are refused.
 * @param value not empty, without control characters; copied.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_add_header(kn_options *options, const char *name, const char *value);

/**
 * @brief How requests call themselves.
 *
 * @param options not NULL.
 * @param user_agent not empty, without control characters; copied. Default: `libkosmonaut/` and the
 *        version.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_user_agent(kn_options *options, const char *user_agent);

/**
 * @brief Where the log goes. Without it there is none.
 *
 * @param options not NULL.
 * @param level the most talkative level wanted, KN_LOG_ERROR to KN_LOG_DEBUG.
 * @param fn receives each line; NULL turns the log off.
 * @param user_data given to @p fn and @p destroy; may be NULL.
 * @param destroy runs exactly once, after the last @p fn: when the options and every handle made
 *        with them let go, when another setting replaces this one, or when this call fails. May be
 *        NULL.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_options_set_log(kn_options *options, int32_t level, kn_log_handler fn,
                                    void *user_data, void (*destroy)(void *));

#ifdef __cplusplus
}
#endif

#endif
