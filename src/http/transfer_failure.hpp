#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/failure.hpp"
#include "http/endpoint.hpp"
#include "http/transfer.hpp"

namespace kn {

/// The failure behind a transfer that brought no answer.
failure transfer_failure(const endpoint &where, CURL *easy, CURLcode code,
                         const transfer_trace &trace);

/// An answer that sends elsewhere, to @p target; what follows from that is @p consequence.
failure redirect_failure(const endpoint &where, long http_status, const std::string &target,
                         std::string_view consequence);

/// Where @p target leads, for people to read: without credentials, query and fragment; "another
/// place" where it is no URL, is too long to be read, or gives the token away.
std::string shown_url(const endpoint &where, const std::string &target);

/// An answer whose body is coded, though that was not asked for.
failure coded_failure(const endpoint &where, std::string_view coding);

/// The answer's Retry-After in milliseconds; -1 where there is none.
std::int64_t retry_after_ms(CURL *easy) noexcept;

} // namespace kn
