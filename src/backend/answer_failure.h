#pragma once

#include <cstdint>
#include <string_view>

#include "backend/operation.h"
#include "backend/server_error.h"
#include "base/failure.h"
#include "http/endpoint.h"

namespace kn {

/// Says in a message what the failed request was about, unless it does already; where there is no
/// memory for that, it does without.
void name_subject(Failure &why, const Endpoint &where, const OperationOn &subject) noexcept;

/// The failure behind an answer that is not the one hoped for (Backend API, "Errors").
Failure answer_failure(const Endpoint &where, const OperationOn &asked, long http_status,
                       std::string_view body, std::int64_t retry_after_ms);
Failure answer_failure(const Endpoint &where, const OperationOn &asked, long http_status,
                       const ServerError &error, std::int64_t retry_after_ms = -1);

} // namespace kn
