/**
 * @file channels.h
 * @brief Which channels a vhost has, a page at a time.
 *
 * A page is what kn_client_channels() hands over, or what a completion finds with
 * kn_result_channels(). It is a picture of the moment in which the broker answered. Of the channels
 * that are open while page after page is read, none is left out and none comes twice.
 */
#ifndef KOSMONAUT_CHANNELS_H
#define KOSMONAUT_CHANNELS_H

#include <stddef.h>
#include <stdint.h>

#include <kosmonaut/batch.h>
#include <kosmonaut/client.h>
#include <kosmonaut/error.h>
#include <kosmonaut/export.h>
#include <kosmonaut/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One page of a vhost's channels. It never changes, so any number of threads may read one.
 * @since 1.0 */
typedef struct kn_channels kn_channels;

/**
 * @brief Asks which channels there are, a page at a time.
 *
 * They come in the order of their names, byte by byte, so a page begins behind the name that the
 * one before ended with, whatever is opened and closed in between. To have all of them, give
 * kn_channels_next() of each page as @p after until it is NULL. Backend API, "Which channels there
 * are".
 *
 * @param client not NULL.
 * @param prefix only channels whose names begin with this: letters, digits, `_`, `-` and `.`,
 *        beginning with a letter, a digit or `_`. NULL or "": all.
 * @param after begins behind this name, whether that channel is still there or not: UTF-8, not
 *        empty, without control characters. NULL: from the beginning.
 * @param limit how many there may be on the page, from 1 to the server's limit (1000); 0: as many
 *        as the server sees fit (100).
 * @param page receives the page, which the caller frees with kn_channels_free(); NULL on failure.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK, also where there are none; KN_EBADREQUEST: the server's limit is below @p limit;
 *         KN_ETOOBIG: the page is over kn_options_set_max_response_size(), ask for a smaller one;
 *         KN_EPROTOCOL: the server does not tell, or what it says is no page; KN_EINVAL;
 *         KN_ENOVHOST; KN_EUNAUTHORIZED; and what every request may end with
 *         (kn_client_open_channel()).
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_channels(kn_client *client, const char *prefix, const char *after,
                                    int32_t limit, kn_channels **page, kn_error **error);

/**
 * @brief Hands in a question which channels there are, without waiting; kn_result_channels() has
 * the page.
 *
 * @param client not NULL.
 * @param prefix as for kn_client_channels().
 * @param after as for kn_client_channels().
 * @param limit as for kn_client_channels().
 * @param fn as for kn_client_open_channel_async().
 * @param user_data as for kn_client_open_channel_async().
 * @param destroy as for kn_client_open_channel_async().
 * @param error receives the details of a failure; may be NULL.
 * @return as kn_client_open_channel_async().
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_channels_async(kn_client *client, const char *prefix, const char *after,
                                          int32_t limit, kn_completion fn, void *user_data,
                                          void (*destroy)(void *), kn_error **error);

/**
 * @brief The page of channels that was asked for.
 *
 * @param result may be NULL.
 * @return borrowed from the result; NULL when the call was another one or failed, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const kn_channels *kn_result_channels(const kn_result *result);

/**
 * @brief How many channels are on the page.
 *
 * @param page may be NULL.
 * @return a count; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API size_t kn_channels_count(const kn_channels *page);

/**
 * @brief The name of a channel.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @return borrowed from the page; NULL when there is no such channel, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_channels_name(const kn_channels *page, size_t index);

/**
 * @brief The type of a channel: `normal`, `private` or `presence`. There may be more one day.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @return borrowed from the page; NULL when there is no such channel, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_channels_type(const kn_channels *page, size_t index);

/**
 * @brief How many are subscribed to a channel, those who hide included.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @return a count of connections; 0 when there is no such channel, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_channels_subscribers(const kn_channels *page, size_t index);

/**
 * @brief How many of them the others on a presence channel see.
 *
 * @param page may be NULL.
 * @param index its place on the page, from 0.
 * @return a count of connections; -1 when the channel is no presence channel, when there is no such
 *         channel, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_channels_members(const kn_channels *page, size_t index);

/**
 * @brief Where the next page begins: what to give kn_client_channels() as `after`.
 *
 * @param page may be NULL.
 * @return borrowed from the page; NULL when this is the last one, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_channels_next(const kn_channels *page);

/**
 * @brief Frees a page that a call handed over. One that belongs to a result is not freed.
 *
 * @param page may be NULL.
 * @par Threads
 * any thread; once.
 * @since 1.0
 */
KN_API void kn_channels_free(kn_channels *page);

#ifdef __cplusplus
}
#endif

#endif
