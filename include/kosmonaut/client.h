/**
 * @file client.h
 * @brief The client: plain requests to the broker.
 *
 * It opens and closes channels, triggers events on them, asks who is there, and asks for the single
 * access tokens with which browsers prove who they are. One client serves any number of threads at
 * once; it keeps its connections alive and uses them again.
 *
 * There are two ways to make each request. A plain call waits for the answer; it takes as long as
 * the limits in the options allow and no longer. A call whose name ends in `_async` only hands the
 * request in: requests move, and their completions run, inside kn_client_dispatch() and
 * kn_client_flush(), on the thread that calls them. The two ways use connections of their own.
 */
#ifndef KOSMONAUT_CLIENT_H
#define KOSMONAUT_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <kosmonaut/batch.h>
#include <kosmonaut/error.h>
#include <kosmonaut/export.h>
#include <kosmonaut/options.h>
#include <kosmonaut/status.h>
#include <kosmonaut/subscribers.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A client of one vhost. @since 1.0 */
typedef struct kn_client kn_client;

/**
 * @brief Makes a client. Nothing is sent yet.
 *
 * @param url the vhost's address, with its token: `http://wr:TOKEN@HOST[:PORT]/VHOST`, or https.
 *        `wr://TOKEN@HOST[:PORT]/VHOST` and `wrs://` are read as the same over http and https.
 *        Where no port is given it is 80, 443, 8080 and 8443 in that order.
 * @param options copied; NULL for the defaults.
 * @param client receives the client, which the caller frees with kn_client_free(); NULL on failure.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EINVAL: the URL is not of that form, or an argument is NULL; KN_ENOMEM.
 * @par Threads
 * any thread.
 * @since 1.0
 */
KN_API kn_status kn_client_new(const char *url, const kn_options *options, kn_client **client,
                               kn_error **error);

/**
 * @brief Frees a client.
 *
 * Calls of other threads that are still inside run to their end; the last one out gives up the
 * memory and the connections. No call may begin after this.
 *
 * @param client may be NULL.
 * @par Threads
 * any thread, inside callbacks too; once.
 * @since 1.0
 */
KN_API void kn_client_free(kn_client *client);

/**
 * @brief Opens a channel.
 *
 * A channel whose name begins with `private-` or `presence-` is of that type; every other is a
 * normal one. Opening a channel that is open already changes nothing and succeeds. Backend API,
 * "Open a channel".
 *
 * @param client not NULL.
 * @param channel letters, digits, `_`, `-` and `.`, beginning with a letter, a digit or `_`.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EINVAL; KN_ENOVHOST; KN_EUNAUTHORIZED; KN_EBADCHANNEL: the server is stricter
 *         about names; and what every request may end with: KN_ECONNECT, KN_ETLS, KN_ETIMEOUT,
 *         KN_EIO, KN_EPROTOCOL, KN_EBADREQUEST, KN_EFORBIDDEN, KN_ERATELIMIT, KN_EUNAVAILABLE,
 *         KN_ESERVER, KN_ECONFLICT, KN_ETOOBIG, KN_ENOMEM, KN_EFORK.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_open_channel(kn_client *client, const char *channel, kn_error **error);

/**
 * @brief Closes a channel; its subscribers are told.
 *
 * Backend API, "Close a channel".
 *
 * @param client not NULL.
 * @param channel as for kn_client_open_channel().
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_ENOCHANNEL: it was not open; KN_EINVAL; KN_ENOVHOST; KN_EUNAUTHORIZED;
 *         KN_EBADCHANNEL; and what every request may end with (kn_client_open_channel()).
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_close_channel(kn_client *client, const char *channel, kn_error **error);

/**
 * @brief Triggers an event on an open channel: every subscriber receives it.
 *
 * The payload goes out byte for byte as given; to subscribers the broker adds `channel`. Nothing
 * is triggered on a channel that is not open. Backend API, "Trigger an event".
 *
 * @param client not NULL.
 * @param channel as for kn_client_open_channel().
 * @param event the event's name: UTF-8, not empty, without control characters, not beginning with
 *        a colon.
 * @param data a JSON object of @p data_length bytes; NULL (with length 0) stands for `{}`.
 * @param data_length bytes at @p data.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK: the broker accepted it; KN_EJSON: not a JSON object, nothing was sent;
 *         KN_ENOCHANNEL: the channel is not open; KN_EINVAL; KN_ETOOBIG: over the server's limit;
 *         KN_ENOVHOST; KN_EUNAUTHORIZED; KN_EBADCHANNEL; and what every request may end with
 *         (kn_client_open_channel()). After KN_ETIMEOUT or KN_EIO the event may have been
 *         delivered.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_trigger(kn_client *client, const char *channel, const char *event,
                                   const char *data, size_t data_length, kn_error **error);

/**
 * @brief Asks for a single access token, with which a browser authenticates once.
 *
 * Give it only to a browser whose user you know: it may then subscribe to every private and
 * presence channel that @p channels matches, under the name @p uid. Backend API, "Single access
 * token".
 *
 * @param client not NULL.
 * @param uid the user's id: UTF-8, not empty, without control characters.
 * @param channels a regular expression in RE2's syntax that has to match a channel's name as a
 *        whole, such as `private-(chat|news)`; not empty, without control characters.
 * @param token receives the token, which the caller frees with kn_string_free(); NULL on failure.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EBADREQUEST: @p channels is no regular expression; KN_EINVAL; KN_ENOVHOST;
 *         KN_EUNAUTHORIZED; KN_EPROTOCOL: the answer holds no token; and what every request may end
 *         with (kn_client_open_channel()).
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_request_token(kn_client *client, const char *uid, const char *channels,
                                         char **token, kn_error **error);

/**
 * @brief Triggers many events in one request, in the order of the batch.
 *
 * On a server that does not take batches they go out one after the other on one connection, within
 * the same time limit; once a trigger has been answered, those that no longer get through have the
 * failure for their status. Backend API, "Trigger many events".
 *
 * @param client not NULL.
 * @param batch not NULL, not empty; left as it is.
 * @param result receives how each trigger ended; the caller frees it with kn_result_free(). NULL
 *        unless KN_OK.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK: every trigger has a status of its own, look at kn_result_status(); KN_EINVAL;
 *         KN_ETOOBIG: over the server's limit; KN_ENOVHOST; KN_EUNAUTHORIZED; and what every
 *         request may end with (kn_client_open_channel()). After KN_ETIMEOUT or KN_EIO the events
 *         may have been delivered.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_trigger_batch(kn_client *client, const kn_batch *batch,
                                         kn_result **result, kn_error **error);

/**
 * @brief Asks who is on a channel, a page at a time.
 *
 * Those who hide from the others are among them. They come in the order of their sids, so a page
 * begins behind the sid that the one before ended with, whoever comes and goes in between. To have
 * all of them, give kn_subscribers_next() of each page as @p after until it is NULL. Backend API,
 * "Who is on a channel".
 *
 * @param client not NULL.
 * @param channel as for kn_client_open_channel().
 * @param after begins behind this sid, whether that one is still there or not: UTF-8, not empty,
 *        without control characters. NULL: from the beginning.
 * @param limit how many there may be on the page, from 1 to the server's limit (1000); 0: as many
 * as the server sees fit (100).
 * @param page receives the page, which the caller frees with kn_subscribers_free(); NULL on
 * failure.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK, also where nobody is there; KN_ENOCHANNEL: the channel is not open;
 *         KN_EBADREQUEST: the server's limit is below @p limit; KN_ETOOBIG: the page is over
 *         kn_options_set_max_response_size(), ask for a smaller one; KN_EPROTOCOL: the server does
 *         not tell, or what it says is no page; KN_EINVAL; KN_ENOVHOST; KN_EUNAUTHORIZED;
 *         KN_EBADCHANNEL; and what every request may end with (kn_client_open_channel()).
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_subscribers(kn_client *client, const char *channel, const char *after,
                                       int32_t limit, kn_subscribers **page, kn_error **error);

/**
 * @brief Hears how a call that was handed in ended.
 *
 * It runs inside kn_client_dispatch() or kn_client_flush(), on the caller's thread, with no lock
 * held. It may hand in more calls, make calls that wait, and free the client.
 *
 * @param result borrowed for the call.
 * @param user_data as given with the call.
 * @since 1.0
 */
typedef void (*kn_completion)(const kn_result *result, void *user_data);

/**
 * @brief Hands in a request to open a channel, without waiting.
 *
 * The inputs are checked and copied; nothing is sent before kn_client_dispatch() or
 * kn_client_flush(). Requests begin in the order in which they were handed in, as many at once as
 * kn_options_set_max_connections() allows; with one connection, they are also carried out in that
 * order. Each has the options' request timeout, counted from its beginning. One that is to be tried
 * again (kn_options_set_retries()) lets others begin meanwhile, unless there is one connection.
 *
 * @param client not NULL.
 * @param channel as for kn_client_open_channel().
 * @param fn hears how the request ended, at most once; NULL: nobody asks. kn_client_free() drops
 *        it.
 * @param user_data given to @p fn and @p destroy; may be NULL.
 * @param destroy runs exactly once, after @p fn if that runs at all, also when this call fails. May
 *        be NULL.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK: it was taken, and what becomes of it is told by its result; KN_EFULL: too many are
 *         pending already (kn_options_set_max_pending()); KN_EINVAL; KN_ENOMEM; KN_EFORK. Unless
 *         KN_OK, nothing was taken.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_open_channel_async(kn_client *client, const char *channel,
                                              kn_completion fn, void *user_data,
                                              void (*destroy)(void *), kn_error **error);

/**
 * @brief Hands in a request to close a channel, without waiting.
 *
 * @param client not NULL.
 * @param channel as for kn_client_close_channel().
 * @param fn as for kn_client_open_channel_async().
 * @param user_data as for kn_client_open_channel_async().
 * @param destroy as for kn_client_open_channel_async().
 * @param error receives the details of a failure; may be NULL.
 * @return as kn_client_open_channel_async().
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_close_channel_async(kn_client *client, const char *channel,
                                               kn_completion fn, void *user_data,
                                               void (*destroy)(void *), kn_error **error);

/**
 * @brief Hands in a trigger, without waiting.
 *
 * @param client not NULL.
 * @param channel as for kn_client_trigger().
 * @param event as for kn_client_trigger().
 * @param data as for kn_client_trigger(); copied.
 * @param data_length bytes at @p data.
 * @param fn as for kn_client_open_channel_async().
 * @param user_data as for kn_client_open_channel_async().
 * @param destroy as for kn_client_open_channel_async().
 * @param error receives the details of a failure; may be NULL.
 * @return as kn_client_open_channel_async(); KN_EJSON: not a JSON object.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_trigger_async(kn_client *client, const char *channel, const char *event,
                                         const char *data, size_t data_length, kn_completion fn,
                                         void *user_data, void (*destroy)(void *),
                                         kn_error **error);

/**
 * @brief Hands in a request for a single access token, without waiting; kn_result_token() has it.
 *
 * @param client not NULL.
 * @param uid as for kn_client_request_token().
 * @param channels as for kn_client_request_token().
 * @param fn as for kn_client_open_channel_async().
 * @param user_data as for kn_client_open_channel_async().
 * @param destroy as for kn_client_open_channel_async().
 * @param error receives the details of a failure; may be NULL.
 * @return as kn_client_open_channel_async().
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_request_token_async(kn_client *client, const char *uid,
                                               const char *channels, kn_completion fn,
                                               void *user_data, void (*destroy)(void *),
                                               kn_error **error);

/**
 * @brief Hands in many triggers, without waiting. It counts as one pending call.
 *
 * @param client not NULL.
 * @param batch as for kn_client_trigger_batch(); copied.
 * @param fn as for kn_client_open_channel_async(); it may ask kn_result_item_status().
 * @param user_data as for kn_client_open_channel_async().
 * @param destroy as for kn_client_open_channel_async().
 * @param error receives the details of a failure; may be NULL.
 * @return as kn_client_open_channel_async().
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_trigger_batch_async(kn_client *client, const kn_batch *batch,
                                               kn_completion fn, void *user_data,
                                               void (*destroy)(void *), kn_error **error);

/**
 * @brief Hands in a question who is on a channel, without waiting; kn_result_subscribers() has the
 * page.
 *
 * @param client not NULL.
 * @param channel as for kn_client_subscribers().
 * @param after as for kn_client_subscribers().
 * @param limit as for kn_client_subscribers().
 * @param fn as for kn_client_open_channel_async().
 * @param user_data as for kn_client_open_channel_async().
 * @param destroy as for kn_client_open_channel_async().
 * @param error receives the details of a failure; may be NULL.
 * @return as kn_client_open_channel_async().
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_subscribers_async(kn_client *client, const char *channel,
                                             const char *after, int32_t limit, kn_completion fn,
                                             void *user_data, void (*destroy)(void *),
                                             kn_error **error);

/**
 * @brief Moves the calls on that were handed in, with what is ready, without waiting.
 *
 * For a loop that watches kn_client_fd(). A request that failed is told by its result, not here.
 *
 * @param client not NULL.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK: at least one call has ended; KN_AGAIN: none has; KN_INTERRUPTED; KN_CLOSED: the
 *         client was freed meanwhile; KN_ESTATE: another thread, or a completion, is inside
 *         dispatch or flush already; KN_EINVAL; KN_ENOMEM; KN_EFORK.
 * @par Threads
 * one thread at a time for each client; not inside its completions.
 * @since 1.0
 */
KN_API kn_status kn_client_dispatch(kn_client *client, kn_error **error);

/**
 * @brief Moves the calls on until all that were handed in before this one have ended.
 *
 * A request that failed is told by its result, not here. A signal alone does not end the wait.
 *
 * @param client not NULL.
 * @param timeout_ms milliseconds; 0 does not wait, -1 waits for ever.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK: all have ended; KN_AGAIN: time is up, some have not; KN_INTERRUPTED; KN_CLOSED:
 *         the client was freed meanwhile; KN_ESTATE, KN_EINVAL, KN_ENOMEM and KN_EFORK as
 *         kn_client_dispatch().
 * @par Threads
 * one thread at a time for each client; not inside its completions.
 * @since 1.0
 */
KN_API kn_status kn_client_flush(kn_client *client, int64_t timeout_ms, kn_error **error);

/**
 * @brief One descriptor to poll for reading, the same for the client's whole life.
 *
 * It is readable while kn_client_dispatch() would do something, now and then for nothing. It is the
 * library's: never read or close it, and take it out of your loop before kn_client_free(). A loop
 * that is told of changes only (EPOLLET) dispatches until KN_AGAIN before it waits.
 *
 * @param client may be NULL.
 * @return the descriptor; -1 for NULL, in a forked child, or when there is none left.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int kn_client_fd(const kn_client *client);

/**
 * @brief Wakes the dispatch or flush that is running, or else the next one: it returns
 * KN_INTERRUPTED.
 *
 * It goes before everything else, loses nothing, and is used up by the first call that reports it.
 * Calls that wait for their own answer do not look at it.
 *
 * @param client not NULL.
 * @return KN_OK; KN_EINVAL; KN_EFORK.
 * @par Threads
 * any thread, any time, and a signal handler.
 * @since 1.0
 */
KN_API kn_status kn_client_interrupt(kn_client *client);

/**
 * @brief How many calls were handed in and have not ended.
 *
 * @param client may be NULL.
 * @return a count; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API size_t kn_client_pending(const kn_client *client);

/**
 * @brief How many calls have ended, those that wait and those that were handed in.
 *
 * @param client may be NULL.
 * @return a count since the client was made; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_client_requests(const kn_client *client);

/**
 * @brief How many calls have ended with a status.
 *
 * @param client may be NULL.
 * @param status such as KN_ETIMEOUT; every status this release does not know counts as one.
 * @return a count since the client was made; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_client_requests_with_status(const kn_client *client, kn_status status);

/**
 * @brief How many connections are open now.
 *
 * @param client may be NULL.
 * @return a count; 0 for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_client_connections(const kn_client *client);

/**
 * @brief All of the client's figures in one JSON text.
 *
 * `{"requests":N,"retries":N,"pending":N,"connections":N,"by_status":{"KN_OK":N,"KN_ETIMEOUT":N}}`,
 * where `by_status` names those that were seen. Members may be added.
 *
 * @param client not NULL.
 * @param json receives the text, which the caller frees with kn_string_free(); NULL on failure.
 * @param error receives the details of a failure; may be NULL.
 * @return KN_OK; KN_EINVAL; KN_ENOMEM; KN_EFORK.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_client_stats(kn_client *client, char **json, kn_error **error);

#ifdef __cplusplus
}
#endif

#endif
