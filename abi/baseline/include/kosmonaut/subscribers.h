/**
 * @file subscribers.h
 * @brief Who is on a channel: one page of its subscribers.
 *
 * A page is what kn_client_subscribers() hands over, or what a completion finds with
 * kn_result_subscribers(). It is a picture of the moment in which the broker answered. Of whoever
 * stays while page after page is read, none is left out and none comes twice.
 */
#ifndef KOSMONAUT_SUBSCRIBERS_H
#define KOSMONAUT_SUBSCRIBERS_H

#include <stddef.h>
#include <stdint.h>

#include <kosmonaut/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One page of a channel's subscribers. It never changes, so any number of threads may read one.
 * @since 1.0 */
typedef struct kn_subscribers kn_subscribers;

/**
 * @brief How many subscribers are on the page.
 *
 * @param page may be NULL.
 * @return a count; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API size_t kn_subscribers_count(const kn_subscribers *page);

/**
 * @brief The session, that is the connection, of a subscriber.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @return borrowed from the page; NULL when there is no such subscriber, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_subscribers_sid(const kn_subscribers *page, size_t index);

/**
 * @brief The user that a subscriber is authenticated as: the broker's word.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @return borrowed from the page; NULL when it is not authenticated, when there is no such
 *         subscriber, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_subscribers_uid(const kn_subscribers *page, size_t index);

/**
 * @brief Whether a subscriber of a presence channel hides from the others.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @return 1 or 0; 0 when there is no such subscriber, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_subscribers_hidden(const kn_subscribers *page, size_t index);

/**
 * @brief What the browser said of itself as it subscribed.
 *
 * It is the browser's own word, byte for byte as the broker has it: a JSON object, `{}` where the
 * browser said nothing.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @param length receives the number of bytes; may be NULL.
 * @return UTF-8 with a NUL behind it that is not counted, borrowed from the page; NULL, and a
 * length of 0, when there is no such subscriber, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_subscribers_data(const kn_subscribers *page, size_t index, size_t *length);

/**
 * @brief Where the next page begins: what to give kn_client_subscribers() as `after`.
 *
 * @param page may be NULL.
 * @return borrowed from the page; NULL when this is the last one, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_subscribers_next(const kn_subscribers *page);

/**
 * @brief Frees a page that a call handed over. One that belongs to a result is not freed.
 *
 * @param page may be NULL.
 * @par Threads
 * any thread; once.
 * @since 1.0
 */
KN_API void kn_subscribers_free(kn_subscribers *page);

#ifdef __cplusplus
}
#endif

#endif
