#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <curl/curl.h>

#include "base/failure.hpp"
#include "http/endpoint.hpp"
#include "http/transfer.hpp"
#include "json/json.hpp"

namespace kn {

/// What was asked for; one HTTP status means different things to each.
enum class operation {
    open_channel,
    close_channel,
    trigger,
    trigger_batch,
    request_token,
    subscribers,
    subscribe
};

/// What was asked for, and on which channel: "" where it is about none. For messages.
struct operation_on {
    operation what;
    std::string_view channel;
};

/// Says in a message what the failed request was about, unless it does already; where there is no
/// memory for that, it does without.
void name_subject(failure &why, const endpoint &where, const operation_on &subject) noexcept;

/// The failure behind a transfer that brought no answer.
failure transfer_failure(const endpoint &where, CURL *easy, CURLcode code,
                         const transfer_trace &trace);

/// The failure behind an answer that is not the one hoped for (Backend API, "Errors").
failure answer_failure(const endpoint &where, const operation_on &asked, long http_status,
                       std::string_view body, std::int64_t retry_after_ms);
failure answer_failure(const endpoint &where, const operation_on &asked, long http_status,
                       const server_error &error, std::int64_t retry_after_ms = -1);

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
