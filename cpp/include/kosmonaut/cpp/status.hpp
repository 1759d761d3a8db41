/**
 * @file status.hpp
 * @brief What a call has to say, and how that fits into `<system_error>`.
 */
#ifndef KOSMONAUT_CPP_STATUS_HPP
#define KOSMONAUT_CPP_STATUS_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <kosmonaut/status.h>

/* Types that are thrown or compared across shared objects, however those are built. */
#if defined(__GNUC__)
#define KOSMONAUT_VISIBLE __attribute__((visibility("default")))
#else
#define KOSMONAUT_VISIBLE
#endif

namespace kosmonaut {
inline namespace v1 {

/**
 * @brief The statuses of the C API, with the same values: `KN_ENOCHANNEL` is `status::no_channel`.
 *
 * 0 is done, above 0 there is nothing to hand over, below 0 the call failed. Codes will be added on
 * both sides: treat an unknown one by its sign.
 *
 * @since 1.0
 */
enum class status : std::int32_t {
    ok = KN_OK,
    again = KN_AGAIN,
    closed = KN_CLOSED,
    interrupted = KN_INTERRUPTED,

    invalid = KN_EINVAL,
    no_memory = KN_ENOMEM,
    json = KN_EJSON,
    too_big = KN_ETOOBIG,

    connect = KN_ECONNECT,
    tls = KN_ETLS,
    timeout = KN_ETIMEOUT,
    io = KN_EIO,
    protocol = KN_EPROTOCOL,

    bad_request = KN_EBADREQUEST,
    unauthorized = KN_EUNAUTHORIZED,
    forbidden = KN_EFORBIDDEN,
    no_vhost = KN_ENOVHOST,
    no_channel = KN_ENOCHANNEL,
    bad_channel = KN_EBADCHANNEL,
    rate_limit = KN_ERATELIMIT,
    unavailable = KN_EUNAVAILABLE,
    server = KN_ESERVER,
    conflict = KN_ECONFLICT,
    replaced = KN_EREPLACED,
    no_group = KN_ENOGROUP,

    state = KN_ESTATE,
    fork = KN_EFORK,
    full = KN_EFULL,
    internal = KN_EINTERNAL
};

/** The name of a status in the C API, for logs: "KN_ENOCHANNEL". @since 1.0 */
[[nodiscard]] inline std::string_view name(status value) noexcept {
    return kn_status_name(static_cast<kn_status>(value));
}

/** A status in a sentence, for people. @since 1.0 */
[[nodiscard]] inline std::string_view message(status value) noexcept {
    return kn_status_message(static_cast<kn_status>(value));
}

/** Whether the same call may well succeed later; see kn_status_is_retriable(). @since 1.0 */
[[nodiscard]] inline bool is_retriable(status value) noexcept {
    return kn_status_is_retriable(static_cast<kn_status>(value)) != 0;
}

namespace detail {

class KOSMONAUT_VISIBLE status_category final : public std::error_category {
  public:
    [[nodiscard]] const char *name() const noexcept override { return "kosmonaut"; }

    [[nodiscard]] std::string message(int value) const override { return kn_status_message(value); }

    [[nodiscard]] std::error_condition default_error_condition(int value) const noexcept override {
        switch (value) {
        case KN_EINVAL:
            return std::errc::invalid_argument;
        case KN_ENOMEM:
            return std::errc::not_enough_memory;
        case KN_ETOOBIG:
            return std::errc::message_size;
        case KN_ECONNECT:
            return std::errc::not_connected;
        case KN_ETIMEOUT:
            return std::errc::timed_out;
        case KN_EIO:
            return std::errc::io_error;
        case KN_EPROTOCOL:
            return std::errc::protocol_error;
        case KN_EUNAUTHORIZED:
        case KN_EFORBIDDEN:
            return std::errc::permission_denied;
        case KN_ERATELIMIT:
        case KN_EUNAVAILABLE:
            return std::errc::resource_unavailable_try_again;
        case KN_ESTATE:
            return std::errc::operation_not_permitted;
        case KN_EFULL:
            return std::errc::no_buffer_space;
        default:
            return {value, *this};
        }
    }
};

} // namespace detail

/**
 * @brief The category of the error codes that this library makes.
 *
 * Where it says the same, a code equals a condition of `std::errc`: `timed_out`,
 * `permission_denied` and so on. Every shared object may have a category of its own, so code that
 * crosses from one to another compares error::status(), not codes.
 *
 * @since 1.0
 */
[[nodiscard]] KOSMONAUT_VISIBLE inline const std::error_category &category() noexcept {
    static const detail::status_category instance;
    return instance;
}

/** What makes `code == status::no_channel` work. @since 1.0 */
[[nodiscard]] inline std::error_code make_error_code(status value) noexcept {
    return value == status::ok ? std::error_code()
                               : std::error_code(static_cast<int>(value), category());
}

} // namespace v1
} // namespace kosmonaut

/** @cond */
template <>
struct std::is_error_code_enum<kosmonaut::status> : std::true_type {};
/** @endcond */

#endif
