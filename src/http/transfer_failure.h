#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/failure.h"
#include "http/endpoint.h"
#include "http/transfer.h"

namespace kn {

/// The failure behind a transfer that brought no answer.
Failure transfer_failure(const Endpoint &where, CURL *easy, CURLcode code,
                         const TransferTrace &trace);

/// An answer that sends elsewhere, to @p target; what follows from that is @p consequence.
Failure redirect_failure(const Endpoint &where, long http_status, const std::string &target,
                         std::string_view consequence);

/// Where @p target leads, for people to read: without credentials, query and fragment; "another
/// place" where it is no URL, is too long to be read, or gives the token away.
std::string shown_url(const Endpoint &where, const std::string &target);

/// An answer whose body is coded, though that was not asked for.
Failure coded_failure(const Endpoint &where, std::string_view coding);

/// The answer's Retry-After in milliseconds; -1 where there is none.
std::int64_t retry_after_ms(CURL *easy) noexcept;

} // namespace kn
