/**
 * @file error.h
 * @brief What went wrong, in detail.
 *
 * A call that can fail takes a `kn_error **` as its last argument, or NULL for a caller who does
 * not want to know. A status below 0 puts a new object there, which the caller frees with
 * kn_error_free(); any other status leaves the pointer alone. So: start it at NULL, test the
 * status. When not even an error object can be allocated, a shared one that says KN_ENOMEM stands
 * in; it is freed in the same way.
 *
 * No text of an error holds the vhost token.
 */
#ifndef KOSMONAUT_ERROR_H
#define KOSMONAUT_ERROR_H

#include <stdint.h>

#include <kosmonaut/export.h>
#include <kosmonaut/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The details of a failure. It never changes, so any number of threads may read one. @since 1.0 */
typedef struct kn_error kn_error;

/**
 * @brief The status that the failed call returned.
 *
 * @param error may be NULL.
 * @return a status below 0; KN_OK when @p error is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API kn_status kn_error_status(const kn_error *error);

/**
 * @brief What happened, in a line for a person or a log.
 *
 * The wording is not part of the ABI.
 *
 * @param error may be NULL.
 * @return UTF-8 text, borrowed until the error is freed; "" when @p error is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_error_message(const kn_error *error);

/**
 * @brief The status code of the HTTP answer that was the failure.
 *
 * @param error may be NULL.
 * @return such as 404; 0 when there was no answer, or when @p error is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_error_http_status(const kn_error *error);

/**
 * @brief The broker's own number for the failure.
 *
 * @param error may be NULL.
 * @return the `code` of the answer's JSON body, such as 454 (Backend API, "Errors"); 0 when it had
 *         none, or when @p error is NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_error_server_code(const kn_error *error);

/**
 * @brief How long the server asks the caller to wait before the next try.
 *
 * @param error may be NULL.
 * @return milliseconds, from the answer's Retry-After; -1 when it had none, or when @p error is
 *         NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int64_t kn_error_retry_after_ms(const kn_error *error);

/**
 * @brief Frees an error that a call handed over.
 *
 * An error that a callback was given is borrowed and must not be freed.
 *
 * @param error may be NULL.
 * @par Threads
 * any thread; once.
 * @since 1.0
 */
KN_API void kn_error_free(kn_error *error);

/**
 * @brief Frees text that a call handed over, such as a single access token.
 *
 * @param string may be NULL.
 * @par Threads
 * any thread; once.
 * @since 1.0
 */
KN_API void kn_string_free(char *string);

#ifdef __cplusplus
}
#endif

#endif
