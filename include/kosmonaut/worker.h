/**
 * @file worker.h
 * @brief The worker: the events that browsers send, as they come.
 *
 * A worker holds one long-lived EventSource connection to its vhost. It connects on first use and
 * keeps itself connected: reconnecting, waiting longer after each failure, and spotting a dead peer
 * are its job. A caller sees events, the statuses above 0, or a failure that will not go away.
 *
 * It has no thread of its own. Everything happens inside kn_worker_next(), kn_worker_run() and
 * kn_worker_dispatch(), on the thread that calls them; only one thread may be in them at a time.
 * Events wait in one queue, whichever of the three takes them out.
 *
 * |            | KN_OK       | KN_AGAIN      | KN_CLOSED     | KN_INTERRUPTED | below 0 |
 * |------------|-------------|---------------|---------------|----------------|---------|
 * | `next`     | an event    | time is up    | since `close` | an interrupt   | fatal   |
 * | `dispatch` | handed over | nothing ready | since `close` | an interrupt   | fatal   |
 * | `run`      | never       | never         | since `close` | an interrupt   | fatal   |
 *
 * A fatal failure is reported once, after the events that came before it, and then KN_CLOSED:
 * the answers 401, 403, 405, 406, 410 and 501; and, until the worker was connected for the first
 * time, every other 4xx but 408, 425 and 429, because it points to a mistake in the URL or the
 * filter that a person has to see. Everything else is retried without end and reported to
 * kn_worker_on_error() and the log. An answer 204 ends the stream for good: KN_CLOSED.
 */
#ifndef KOSMONAUT_WORKER_H
#define KOSMONAUT_WORKER_H

#include <stdint.h>

#include <kosmonaut/error.h>
#include <kosmonaut/event.h>
#include <kosmonaut/export.h>
#include <kosmonaut/options.h>
#include <kosmonaut/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A worker on one vhost. @since 1.0 */
typedef struct kn_worker kn_worker;

/** What kn_worker_state() returns. */
enum {
    /** Not used yet. */
    KN_WORKER_IDLE = 0,
    /** Resolving, connecting, or waiting for the answer's head. */
    KN_WORKER_CONNECTING = 1,
    /** The stream is open. */
    KN_WORKER_CONNECTED = 2,
    /** Between two tries. */
    KN_WORKER_WAITING = 3,
    /** kn_worker_close() was called and has not finished. */
    KN_WORKER_CLOSING = 4,
    /** Closed, ended by the server, or failed for good. */
    KN_WORKER_CLOSED = 5
};

/**
 * @brief Deals with an event.
 *
 * It runs inside kn_worker_run() or kn_worker_dispatch(), on the caller's thread, with no lock
 * held. It may call everything that is marked "any thread", kn_worker_on() and
 * kn_worker_on_error(), and may close or free its worker.
 *
 * @param event borrowed for the call; kn_event_retain() keeps it.
 * @param user_data as given to kn_worker_on().
 * @since 1.0
 */
typedef void (*kn_handler)(kn_event *event, void *user_data);

/**
 * @brief Hears of a failure that the worker will retry.
 *
 * It runs inside kn_worker_next(), kn_worker_run() or kn_worker_dispatch(), under the same rules as
 * a kn_handler.
 *
 * @param error borrowed for the call.
 * @param user_data as given to kn_worker_on_error().
 * @since 1.0
 */
typedef void (*kn_error_handler)(const kn_error *error, void *user_data);

/**
 * @brief Makes a worker. Nothing is sent before its first use.
 *
 * @param url the vhost's address with its token, as for kn_client_new().
 * @param options copied; NULL for the defaults.
 * @param worker receives the worker, which the caller frees with kn_worker_free(); NULL on failure.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EINVAL: the URL is not of that form, or an argument is NULL; KN_ENOMEM: out of
 *         memory or descriptors.
 * @par Threads
 * any thread.
 * @since 1.0
 */
KN_API kn_status kn_worker_new(const char *url, const kn_options *options, kn_worker **worker,
                               kn_error **error);

/**
 * @brief Frees a worker. Never waits.
 *
 * A call of another thread that is still inside returns KN_CLOSED; the last one out gives up memory
 * and descriptors and runs the `destroy` functions. Take the descriptor out of your event loop
 * first. No call may begin after this: close, wait for your own threads, free.
 *
 * @param worker may be NULL.
 * @par Threads
 * any thread, inside the worker's own callbacks too; once.
 * @since 1.0
 */
KN_API void kn_worker_free(kn_worker *worker);

/**
 * @brief Gives the events that match a pattern a handler.
 *
 * A pattern is `channel/event`, split at the first slash. Either part may be `*`, which stands for
 * anything, the empty text too, but for no event that begins with a colon. All handlers whose
 * patterns match run, the oldest pattern first; an event that none matches is logged and dropped.
 *
 * A pattern is no regular expression: the characters ()[]{}|^$ and the backslash are refused in it.
 * An event with one of them in its name is among those of `*`.
 *
 * Unless kn_options_set_filter() was used, the worker asks the broker for just what its handlers
 * cover, or for everything if it has none; so a new pattern has to come before the first use. There
 * may be any number of them. Where they do not fit into the 4096 bytes of a filter (or 7 KiB when
 * it is percent-encoded), the worker asks for more, and leaves out what none of them covers,
 * whichever call takes the events out. It shares events with workers of the same patterns only.
 *
 * @param worker not NULL.
 * @param pattern such as `chat/save`, `chat/` followed by `*`, or `*` followed by `/joined`;
 *        copied.
 * @param fn the handler. A second call with the same pattern replaces it; NULL removes it.
 * @param user_data given to @p fn and @p destroy; may be NULL.
 * @param destroy runs exactly once, after the last @p fn, also when this call fails. May be NULL.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EINVAL: no slash, no event, a `*` inside a longer part, a control character, or
 *         a character of regular expressions;
 *         KN_ESTATE: a new pattern after the first use, or another thread is inside the worker;
 *         KN_CLOSED; KN_ENOMEM; KN_EFORK.
 * @par Threads
 * one thread at a time for each worker, and inside its callbacks.
 * @since 1.0
 */
KN_API kn_status kn_worker_on(kn_worker *worker, const char *pattern, kn_handler fn,
                              void *user_data, void (*destroy)(void *), kn_error **error);

/**
 * @brief Gives the failures that the worker retries a handler.
 *
 * @param worker not NULL.
 * @param fn the handler; it replaces the one before. NULL removes it.
 * @param user_data given to @p fn and @p destroy; may be NULL.
 * @param destroy runs exactly once, after the last @p fn, also when this call fails. May be NULL.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EINVAL; KN_ESTATE: another thread is inside the worker; KN_CLOSED; KN_ENOMEM;
 *         KN_EFORK.
 * @par Threads
 * one thread at a time for each worker, and inside its callbacks.
 * @since 1.0
 */
KN_API kn_status kn_worker_on_error(kn_worker *worker, kn_error_handler fn, void *user_data,
                                    void (*destroy)(void *), kn_error **error);

/**
 * @brief Hands over the next event.
 *
 * It does not look at handlers. A signal alone does not end the wait; kn_worker_interrupt() does.
 *
 * @param worker not NULL.
 * @param timeout_ms milliseconds; 0 does not wait, -1 waits for ever.
 * @param event receives the event, which the caller frees with kn_event_free(); NULL unless KN_OK.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_AGAIN: no event within the time; KN_CLOSED; KN_INTERRUPTED; KN_EINVAL;
 *         KN_ESTATE: another thread, or a callback, is inside the worker already; KN_ENOMEM;
 *         KN_EFORK; or a fatal failure, once: KN_EUNAUTHORIZED, KN_EFORBIDDEN, KN_ENOVHOST,
 *         KN_EBADREQUEST, KN_ECONFLICT, KN_ETOOBIG, KN_ESERVER.
 * @par Threads
 * one thread at a time for each worker; not inside its callbacks.
 * @since 1.0
 */
KN_API kn_status kn_worker_next(kn_worker *worker, int64_t timeout_ms, kn_event **event,
                                kn_error **error);

/**
 * @brief Hands events to their handlers until the worker is closed or interrupted.
 *
 * @param worker not NULL; it has at least one handler.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_CLOSED; KN_INTERRUPTED; KN_ESTATE: no handlers, or another thread or a callback is
 *         inside the worker already; KN_EINVAL; KN_ENOMEM; KN_EFORK; or a fatal failure, once, as
 *         kn_worker_next().
 * @par Threads
 * one thread at a time for each worker; not inside its callbacks.
 * @since 1.0
 */
KN_API kn_status kn_worker_run(kn_worker *worker, kn_error **error);

/**
 * @brief Hands the events that are ready to their handlers, without waiting.
 *
 * For a loop that watches kn_worker_fd().
 *
 * @param worker not NULL; it has at least one handler.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK: what was ready as it began was handed over, there may be more; KN_AGAIN: nothing
 *         was ready; KN_CLOSED; KN_INTERRUPTED; KN_ESTATE, KN_EINVAL, KN_ENOMEM, KN_EFORK or a
 *         fatal failure as kn_worker_run().
 * @par Threads
 * one thread at a time for each worker; not inside its callbacks.
 * @since 1.0
 */
KN_API kn_status kn_worker_dispatch(kn_worker *worker, kn_error **error);

/**
 * @brief One descriptor to poll, the same for the worker's whole life.
 *
 * It becomes readable whenever a call would do or tell something: from the start, for data, timers,
 * interrupt and close, and for good once the worker is closed or failed; now and then for nothing.
 * It is the library's own: poll it for reading only, never read or close it, take it out of the
 * loop before kn_worker_free(). An edge-triggered loop calls kn_worker_next() with 0, or
 * kn_worker_dispatch(), until KN_AGAIN before it waits.
 *
 * @param worker may be NULL.
 * @return the descriptor; -1 when @p worker is NULL or belongs to the parent process.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int kn_worker_fd(const kn_worker *worker);

/**
 * @brief What the worker is doing.
 *
 * @param worker may be NULL.
 * @return one of the KN_WORKER_ constants; KN_WORKER_IDLE when @p worker is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_worker_state(const kn_worker *worker);

/**
 * @brief Makes the call that is waiting, or else the next one, return KN_INTERRUPTED.
 *
 * An interrupt goes before events that wait, loses none of them, and is used up by the first call
 * that reports it; several before that are one. A handler calls it to make kn_worker_run() return.
 *
 * @param worker not NULL.
 * @return KN_OK; KN_EINVAL: @p worker is NULL; KN_EFORK.
 * @par Threads
 * any thread, any time, and inside a signal handler.
 * @since 1.0
 */
KN_API kn_status kn_worker_interrupt(kn_worker *worker);

/**
 * @brief Closes the worker.
 *
 * Handing over ends at once, and whoever waits is woken with KN_CLOSED. Events that were not handed
 * over are lost when delivery is at most once; at least once they go back to the broker, and the
 * acknowledgements owed are sent. Beside a call that is running it waits for that one first; inside
 * a callback it only begins. Call it again to go on. With 0 it never waits.
 *
 * @param worker not NULL.
 * @param timeout_ms milliseconds; 0 does not wait, -1 waits as long as the request time limit.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK: closed, nothing is owed; KN_AGAIN: time is up, or this is a callback; KN_CLOSED:
 *         freed meanwhile; KN_EINVAL; KN_EFORK.
 * @par Threads
 * any thread, any time, inside callbacks too.
 * @since 1.0
 */
KN_API kn_status kn_worker_close(kn_worker *worker, int64_t timeout_ms, kn_error **error);

/**
 * @brief How many events the worker has handed over.
 *
 * @param worker may be NULL.
 * @return a count since the worker was made; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_worker_events(const kn_worker *worker);

/**
 * @brief How many bytes of the stream the worker has received.
 *
 * @param worker may be NULL.
 * @return bytes since the worker was made; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_worker_bytes(const kn_worker *worker);

/**
 * @brief How many times the stream was opened again after the first time.
 *
 * @param worker may be NULL.
 * @return a count since the worker was made; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_worker_reconnects(const kn_worker *worker);

/**
 * @brief How far the program is behind: how long the oldest of what the worker has received and not
 * handed over has been waiting.
 *
 * @param worker may be NULL.
 * @return milliseconds; 0 when nothing waits, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_worker_lag_ms(const kn_worker *worker);

/**
 * @brief The failure that ended a connection, or the try for one, last.
 *
 * It stays when the worker has recovered; kn_worker_state() tells how it is now.
 *
 * @param worker may be NULL.
 * @return a copy, which the caller frees with kn_error_free(); NULL when there was none, or for
 *         NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_error *kn_worker_last_error(const kn_worker *worker);

/**
 * @brief All of the worker's figures in one JSON text.
 *
 * `{"state":"connected","events":N,"bytes":N,"reconnects":N,"lag_ms":N,"last_error":null}`, where
 * `last_error` is otherwise `{"status":"KN_ECONNECT","message":"…"}`. At least once there are also
 * `"acknowledged":N,"given_back":N`, the answers of the program since the worker was made, and
 * `"unanswered":N`, the events that it has now and has not answered. Members may be added.
 *
 * @param worker not NULL.
 * @param json receives the text, which the caller frees with kn_string_free(); NULL on failure.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM; KN_EFORK.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_worker_stats(kn_worker *worker, char **json, kn_error **error);

#ifdef __cplusplus
}
#endif

#endif
