/**
 * @file export.h
 * @brief How a public function is declared.
 *
 * A binding generator may define KN_API itself (as nothing) before it includes the headers.
 */
#ifndef KOSMONAUT_EXPORT_H
#define KOSMONAUT_EXPORT_H

#if defined(KN_API)
/* given by whoever includes this */
#elif defined(KN_STATIC)
#define KN_API
#elif defined(__GNUC__)
#define KN_API __attribute__((visibility("default")))
#else
#define KN_API
#endif

#endif
