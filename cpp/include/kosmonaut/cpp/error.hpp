/**
 * @file error.hpp
 * @brief What is thrown when a call fails.
 */
#ifndef KOSMONAUT_CPP_ERROR_HPP
#define KOSMONAUT_CPP_ERROR_HPP

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include <kosmonaut/cpp/status.hpp>
#include <kosmonaut/error.h>

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief A failure, with everything the library knows about it.
 *
 * It is a value of its own: it can be copied, without throwing, and outlives what it came from.
 *
 * @since 1.0
 */
class KOSMONAUT_VISIBLE error : public std::system_error {
  public:
    /** Copies what the C API reported; the caller goes on owning @p details. @since 1.0 */
    explicit error(const kn_error *details)
        : std::system_error(kn_error_status(details), category()), text_(kn_error_message(details)),
          retry_after_ms_(kn_error_retry_after_ms(details)),
          http_status_(kn_error_http_status(details)), server_code_(kn_error_server_code(details)) {
    }

    /** A failure that is known by its status alone. @since 1.0 */
    explicit error(kosmonaut::status status)
        : std::system_error(static_cast<int>(status), category()),
          text_(kn_status_message(static_cast<kn_status>(status))) {}

    /** The same, of a @p subject: what cannot be. @since 1.0 */
    error(kosmonaut::status status, const std::string &subject)
        : std::system_error(static_cast<int>(status), category()),
          text_(subject + " cannot be: " + kn_status_message(static_cast<kn_status>(status))) {}

    /** What happened, in a line for a person or a log; never with a token in it. @since 1.0 */
    [[nodiscard]] const char *what() const noexcept override { return text_.what(); }

    /** What to branch on. @since 1.0 */
    [[nodiscard]] kosmonaut::status status() const noexcept {
        return static_cast<kosmonaut::status>(code().value());
    }

    /** Whether the same call may well succeed later. @since 1.0 */
    [[nodiscard]] bool is_retriable() const noexcept { return kosmonaut::is_retriable(status()); }

    /** The status code of the HTTP answer that was the failure; 0 without one. @since 1.0 */
    [[nodiscard]] std::int32_t http_status() const noexcept { return http_status_; }

    /** The broker's own number for the failure, such as 454; 0 without one. @since 1.0 */
    [[nodiscard]] std::int32_t server_code() const noexcept { return server_code_; }

    /** How long the server asks to wait before the next try; empty if it does not say. @since 1.0
     */
    [[nodiscard]] std::optional<std::chrono::milliseconds> retry_after() const noexcept {
        if (retry_after_ms_ < 0) {
            return std::nullopt;
        }
        return std::chrono::milliseconds(retry_after_ms_);
    }

  private:
    std::runtime_error text_; // not std::string: copying an exception must not throw
    std::int64_t retry_after_ms_ = -1;
    std::int32_t http_status_ = 0;
    std::int32_t server_code_ = 0;
};

} // namespace v1
} // namespace kosmonaut

#endif
