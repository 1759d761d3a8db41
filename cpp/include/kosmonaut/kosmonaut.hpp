/**
 * @file kosmonaut.hpp
 * @brief Everything of libkosmonaut for C++17 and later: a thin, header-only layer over the C API.
 *
 * Conventions that hold everywhere:
 * - client, worker, event and options own one handle of the C API each. They can be moved, not
 *   copied; handle() lends the handle to the C API, release() hands it over for good. An object
 *   that was moved from holds nothing: its calls fail with status::invalid.
 * - A failure throws kosmonaut::error. Each call that can fail has a twin whose last argument is a
 *   `std::error_code &`: it puts the status there instead of throwing, and clears it otherwise. An
 *   error_code never holds a positive status.
 * - That nothing went wrong but there is nothing to hand over is no failure: it is an empty
 *   optional or a positive status.
 * - Text and payloads go in as `std::string_view` and are copied; times are
 *   `std::chrono::milliseconds`, of which kosmonaut::no_limit is one. Text with U+0000 in it is
 *   status::invalid.
 * - What is said about threads in the C headers is true here, call for call; and an object may not
 *   be destroyed or assigned to while another thread is inside it. Close, join, destroy.
 * - Only the source is promised to stay compatible; the binary promise is the C library's alone.
 *
 * @since 1.0
 */
#ifndef KOSMONAUT_KOSMONAUT_HPP
#define KOSMONAUT_KOSMONAUT_HPP

#include <string_view>

#include <kosmonaut/cpp/application.hpp>
#include <kosmonaut/cpp/batch.hpp>
#include <kosmonaut/cpp/client.hpp>
#include <kosmonaut/cpp/error.hpp>
#include <kosmonaut/cpp/event.hpp>
#include <kosmonaut/cpp/options.hpp>
#include <kosmonaut/cpp/page.hpp>
#include <kosmonaut/cpp/pages.hpp>
#include <kosmonaut/cpp/status.hpp>
#include <kosmonaut/cpp/subscribers.hpp>
#include <kosmonaut/cpp/worker.hpp>
#include <kosmonaut/version.h>

namespace kosmonaut {
inline namespace v1 {

/** The version of the library that is loaded, such as "1.0.0". @since 1.0 */
[[nodiscard]] inline std::string_view version() noexcept { return kn_version(); }

} // namespace v1
} // namespace kosmonaut

#endif
