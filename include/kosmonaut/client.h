/**
 * @file client.h
 * @brief The client: plain requests to the broker.
 *
 * It opens and closes channels, triggers events on them, and asks for the single access tokens with
 * which browsers prove who they are. One client serves any number of threads at once; it keeps its
 * connections alive and uses them again.
 *
 * Each call takes as long as the limits in the options allow and no longer.
 */
#ifndef KOSMONAUT_CLIENT_H
#define KOSMONAUT_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include <kosmonaut/error.h>
#include <kosmonaut/export.h>
#include <kosmonaut/options.h>
#include <kosmonaut/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A client of one vhost. @since 1.0 */
typedef struct kn_client kn_client;

/**
 * @brief Makes a client. Nothing is sent yet.
 *
 * @param url the vhost's address, with its token: `http://wr:TOKEN@HOST[:PORT]/VHOST`, or https.
 *        `wr://TOKEN@HOST[:PORT]/VHOST` and `wrs://` are read as the same over http and https. Where
 *        no port is given it is 80, 443, 8080 and 8443 in that order.
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
 *         KN_ESERVER, KN_ENOMEM, KN_EFORK.
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
 * @return KN_OK; KN_ENOCHANNEL: it was not open; KN_EINVAL; KN_ENOVHOST; KN_EUNAUTHORIZED; and what
 *         every request may end with (kn_client_open_channel()).
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
 *         KN_ENOVHOST; KN_EUNAUTHORIZED; and what every request may end with
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

#ifdef __cplusplus
}
#endif

#endif
