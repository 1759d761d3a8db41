/**
 * @file version.h
 * @brief The version of the headers, and that of the library in use.
 */
#ifndef KOSMONAUT_VERSION_H
#define KOSMONAUT_VERSION_H

#include <stdint.h>

#include <kosmonaut/export.h>

/** The first number of these headers' version. @since 1.0 */
#define KN_VERSION_MAJOR 1
/** The second number of these headers' version. @since 1.0 */
#define KN_VERSION_MINOR 0
/** The third number of these headers' version. @since 1.0 */
#define KN_VERSION_PATCH 0

/** The version of these headers as text, such as "1.0.0". @since 1.0 */
#define KN_VERSION_STRING "1.0.0"

/** The version of these headers as one number, 0xMMmmpp: newer compares greater. @since 1.0 */
#define KN_VERSION_NUMBER                                                                          \
    ((KN_VERSION_MAJOR << 16) | (KN_VERSION_MINOR << 8) | KN_VERSION_PATCH)

/** Whether these headers are of the given version or newer; usable in \#if. @since 1.0 */
#define KN_VERSION_AT_LEAST(major, minor, patch)                                                   \
    (KN_VERSION_NUMBER >= (((major) << 16) | ((minor) << 8) | (patch)))

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The version of the library that is loaded, as text.
 *
 * It may be newer than the headers a program was built with; that is always fine within one
 * SONAME (ABI.md).
 *
 * @return static text, such as "1.0.0"; never NULL.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API const char *kn_version(void);

/**
 * @brief The version of the library that is loaded, as one number.
 *
 * @return 0xMMmmpp, comparable with KN_VERSION_NUMBER.
 * @par Threads
 * any thread, any time.
 * @since 1.0
 */
KN_API int32_t kn_version_number(void);

#ifdef __cplusplus
}
#endif

#endif
