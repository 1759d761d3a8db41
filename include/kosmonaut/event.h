/**
 * @file event.h
 * @brief An event that a browser sent, as the worker hands it over.
 *
 * An event is an object of its own: it outlives the worker it came from. Nothing about it ever
 * changes, so any number of threads may read one. What a getter returns is borrowed until the event
 * is freed.
 */
#ifndef KOSMONAUT_EVENT_H
#define KOSMONAUT_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include <kosmonaut/export.h>
#include <kosmonaut/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** An event. @since 1.0 */
typedef struct kn_event kn_event;

/** What kn_event_kind() returns. New kinds reach only those who ask for them. */
enum {
    /** A message that a browser sent. */
    KN_EVENT_MESSAGE = 0,
    /** The broker says that messages were lost, which ones and why (at least once only). */
    KN_EVENT_GAP = 1
};

/**
 * @brief What kind of event this is.
 *
 * @param event may be NULL.
 * @return KN_EVENT_MESSAGE or KN_EVENT_GAP; 0 when @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_event_kind(const kn_event *event);

/**
 * @brief How often this message has been delivered, this time included.
 *
 * @param event may be NULL.
 * @return 1, 2, …; always 1 when delivery is at most once; 0 when @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_event_attempt(const kn_event *event);

/**
 * @brief The topic as it came: `channel/event`.
 *
 * Backend API, "The event stream": the value of the `event:` field, or "message" where there was
 * none.
 *
 * @param event may be NULL.
 * @return UTF-8 text, borrowed until the event is freed; NULL only when @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_event_topic(const kn_event *event);

/**
 * @brief The topic's part before the first slash.
 *
 * @param event may be NULL.
 * @return UTF-8 text, borrowed until the event is freed; "" for a topic without a slash; NULL only
 *         when @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_event_channel(const kn_event *event);

/**
 * @brief The topic's part after the first slash, or the whole of it where there is none.
 *
 * @param event may be NULL.
 * @return UTF-8 text, borrowed until the event is freed; NULL only when @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_event_name(const kn_event *event);

/**
 * @brief The event's id in its stream.
 *
 * @param event may be NULL.
 * @return UTF-8 text, borrowed until the event is freed; "" when the stream gave none; NULL only
 *         when @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_event_id(const kn_event *event);

/**
 * @brief The authenticated user whose browser sent the event.
 *
 * The broker sets it, never the browser: it is to be trusted as far as the broker is. Only this
 * member of the payload is read, and kn_event_sid()'s: what else a browser sent, or how often, or
 * how it is spelled, hides neither.
 *
 * @param event may be NULL.
 * @return UTF-8 text, borrowed until the event is freed; NULL when the sender is not authenticated
 *         or the payload does not say. Where kn_event_sid() is NULL as well, the payload is not one
 *         that a WebRocket broker makes, or memory ran out: then the sender is unknown, and not to
 *         be taken for somebody who is not authenticated.
 * @par Threads
 * any thread, any time. The first call reads the payload.
 * @since 1.0
 */
KN_API const char *kn_event_uid(const kn_event *event);

/**
 * @brief The session, that is the connection, whose browser sent the event.
 *
 * The broker sets it, never the browser.
 *
 * @param event may be NULL.
 * @return UTF-8 text, borrowed until the event is freed; NULL when the payload does not say, which
 *         those of a WebRocket broker always do, or where it or the uid cannot be read.
 * @par Threads
 * any thread, any time. The first call reads the payload.
 * @since 1.0
 */
KN_API const char *kn_event_sid(const kn_event *event);

/**
 * @brief The payload, byte for byte as it came.
 *
 * From a WebRocket broker it is a JSON object. The worker does not judge it, except that bytes
 * which are not UTF-8 were replaced by U+FFFD.
 *
 * @param event may be NULL.
 * @param length receives the number of bytes, not counting the NUL that follows them; may be NULL.
 * @return the bytes, borrowed until the event is freed; NULL (and length 0) only when @p event is
 *         NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_event_data(const kn_event *event, size_t *length);

/**
 * @brief The reference under which a page sent the event, at least once.
 *
 * Pages that send with a reference give each message one of its own, and the same one when they
 * send it again: it is the key by which a backend tells a repetition, over the whole way.
 *
 * @param event may be NULL.
 * @return UTF-8 text, borrowed until the event is freed; NULL when it has none, when delivery is at
 *         most once, or @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_event_ref(const kn_event *event);

/**
 * @brief When the broker took the event, at least once.
 *
 * @param event may be NULL.
 * @return milliseconds since 1970, by the broker's clock; -1 when it is not known, when delivery is
 *         at most once, or @p event is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_event_time_ms(const kn_event *event);

/**
 * @brief Keeps an event beyond the handler that was given it.
 *
 * @param event may be NULL.
 * @return @p event; the caller frees it once with kn_event_free().
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_event *kn_event_retain(kn_event *event);

/**
 * @brief Lets go of an event from kn_worker_next() or kn_event_retain().
 *
 * At least once, an event whose last reference goes without an answer is given back to the broker,
 * as by kn_event_nack(): it comes again after 1, 5, 20 or 60 s, by its attempt.
 *
 * @param event may be NULL. A handler's own event is borrowed: it is not the handler's to free.
 * @par Threads
 * any thread; once for each reference.
 * @since 1.0
 */
KN_API void kn_event_free(kn_event *event);

/**
 * @brief Says, in the handler, that the answer will come later.
 *
 * At least once, an event that was neither answered nor deferred is acknowledged when its last
 * handler returns. Retain the event to answer it later.
 *
 * @param event may be NULL.
 * @return KN_OK; KN_ESTATE outside the event's handler; KN_EINVAL when @p event is NULL; KN_EFORK.
 * @par Threads
 * any thread; inside the event's handler.
 * @since 1.0
 */
KN_API kn_status kn_event_defer(kn_event *event);

/**
 * @brief Acknowledges an event: it was dealt with.
 *
 * Needs no memory. At most once there is nothing to acknowledge, and this does nothing.
 *
 * @param event may be NULL.
 * @return KN_OK: the answer goes out in the worker's next call; KN_ESTATE: it already had one;
 *         KN_CLOSED: too late, it will be delivered again, to this worker or another one;
 *         KN_EINVAL when @p event is NULL; KN_EFORK. A gap needs no answer, and is KN_OK.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_event_ack(kn_event *event);

/**
 * @brief Gives an event back: it is to be delivered again.
 *
 * Needs no memory. An event that was given back too often, five times unless the group says
 * otherwise, moves to the group's dead letters.
 *
 * @param event may be NULL.
 * @param delay_ms milliseconds to wait before that; 0 for at once, 86400000 (a day) at most.
 * @return KN_OK: the answer goes out in the worker's next call; KN_ESTATE: it already had one, or
 *         delivery is at most once; KN_CLOSED: too late, it will be delivered again anyway;
 *         KN_EINVAL when @p event is NULL or @p delay_ms is none; KN_EFORK.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_event_nack(kn_event *event, int64_t delay_ms);

/**
 * @brief Gives an event back that this program has nothing for: it is to be delivered again, and
 * that does not count against it.
 *
 * What the worker says of an event that none of its handlers covers. For a program that takes its
 * events out by kn_worker_next(), or that is about to end.
 *
 * @param event may be NULL.
 * @param delay_ms milliseconds to wait before that; 0 for at once, 86400000 (a day) at most.
 * @return as kn_event_nack().
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_event_decline(kn_event *event, int64_t delay_ms);

/**
 * @brief Asks for more time: the broker's deadline for the answer begins anew.
 *
 * For a handler that takes longer than that, which is a minute unless the group says otherwise.
 * Needs no memory. What waits in the worker's own queue is extended by the worker.
 *
 * @param event may be NULL.
 * @return KN_OK: it goes out in the worker's next call; KN_ESTATE: the event has its answer, or
 *         delivery is at most once; KN_CLOSED: too late, it will be delivered again; KN_EINVAL when
 *         @p event is NULL; KN_EFORK.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_event_extend(kn_event *event);

#ifdef __cplusplus
}
#endif

#endif
