#pragma once

#include <cstdint>
#include <string_view>

#include "backend/operation.hpp"
#include "backend/server_error.hpp"
#include "base/failure.hpp"
#include "http/endpoint.hpp"

namespace kn {

/// Says in a message what the failed request was about, unless it does already; where there is no
/// memory for that, it does without.
void name_subject(failure &why, const endpoint &where, const operation_on &subject) noexcept;

/// The failure behind an answer that is not the one hoped for (Backend API, "Errors").
failure answer_failure(const endpoint &where, const operation_on &asked, long http_status,
                       std::string_view body, std::int64_t retry_after_ms);
failure answer_failure(const endpoint &where, const operation_on &asked, long http_status,
                       const server_error &error, std::int64_t retry_after_ms = -1);

} // namespace kn
