/**
 * @file batch.h
 * @brief Many triggers in one request, and how a call ended.
 */
#ifndef KOSMONAUT_BATCH_H
#define KOSMONAUT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include <kosmonaut/error.h>
#include <kosmonaut/export.h>
#include <kosmonaut/status.h>
#include <kosmonaut/subscribers.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Triggers that go out together. @since 1.0 */
typedef struct kn_batch kn_batch;

/**
 * How a call ended. It never changes, so any number of threads may read one. A completion is lent
 * one for the call; kn_client_trigger_batch() hands one over. @since 1.0
 */
typedef struct kn_result kn_result;

/**
 * @brief Makes an empty batch.
 *
 * @return the batch, which the caller frees with kn_batch_free(); NULL: out of memory.
 * @par Threads
 * any thread.
 * @since 1.0
 */
KN_API kn_batch *kn_batch_new(void);

/**
 * @brief Frees a batch. Calls that were given it have their own copy.
 *
 * @param batch may be NULL.
 * @par Threads
 * one thread at a time for each object; once.
 * @since 1.0
 */
KN_API void kn_batch_free(kn_batch *batch);

/**
 * @brief Adds a trigger behind those that are there. Nothing is sent.
 *
 * @param batch not NULL.
 * @param channel as for kn_client_trigger(); copied.
 * @param event as for kn_client_trigger(); copied.
 * @param data a JSON object of @p data_length bytes, copied; NULL (with length 0) stands for `{}`.
 * @param data_length bytes at @p data.
 * @return KN_OK; KN_EJSON: not a JSON object; KN_EINVAL: a name outside the grammar, or NULL;
 *         KN_ENOMEM. Unless KN_OK, nothing was added.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API kn_status kn_batch_add(kn_batch *batch, const char *channel, const char *event,
                              const char *data, size_t data_length);

/**
 * @brief How many triggers the batch holds.
 *
 * @param batch may be NULL.
 * @return a count; 0 for NULL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API size_t kn_batch_count(const kn_batch *batch);

/**
 * @brief Takes all triggers out, so that the batch can be filled anew.
 *
 * @param batch may be NULL.
 * @par Threads
 * one thread at a time for each object.
 * @since 1.0
 */
KN_API void kn_batch_clear(kn_batch *batch);

/**
 * @brief How the call ended.
 *
 * @param result may be NULL.
 * @return KN_OK, or a status below 0: that of the call, or, where every trigger of a batch has a
 *         status of its own, that of the first one that failed. KN_OK for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_result_status(const kn_result *result);

/**
 * @brief The details of the failure that kn_result_status() tells.
 *
 * @param result may be NULL.
 * @return borrowed from the result; NULL when there was none, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const kn_error *kn_result_error(const kn_result *result);

/**
 * @brief The single access token that was asked for.
 *
 * @param result may be NULL.
 * @return borrowed from the result; NULL when the call was another one or failed, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_result_token(const kn_result *result);

/**
 * @brief The page of subscribers that was asked for.
 *
 * @param result may be NULL.
 * @return borrowed from the result; NULL when the call was another one or failed, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const kn_subscribers *kn_result_subscribers(const kn_result *result);

/**
 * @brief How many triggers of a batch have a status of their own: all of them or none.
 *
 * @param result may be NULL.
 * @return a count; 0 when the batch as a whole failed, when the call was another one, or for NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API size_t kn_result_count(const kn_result *result);

/**
 * @brief How one trigger of a batch ended.
 *
 * @param result may be NULL.
 * @param index its place in the batch, from 0.
 * @return KN_OK, or a status below 0 as that of kn_client_trigger(); KN_EINVAL: no such trigger, or
 *         @p result is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_result_item_status(const kn_result *result, size_t index);

/**
 * @brief The details of one trigger's failure.
 *
 * @param result may be NULL.
 * @param index its place in the batch, from 0.
 * @return borrowed from the result; NULL when it did not fail, or there is no such trigger.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const kn_error *kn_result_item_error(const kn_result *result, size_t index);

/**
 * @brief Frees a result that a call handed over. One that a completion was lent is not freed.
 *
 * @param result may be NULL.
 * @par Threads
 * any thread; once.
 * @since 1.0
 */
KN_API void kn_result_free(kn_result *result);

#ifdef __cplusplus
}
#endif

#endif
