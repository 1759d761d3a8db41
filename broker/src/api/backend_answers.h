// The answers of the Backend API that several of its resources give.
#pragma once

#include "http/http_message.h"

#include <string>
#include <string_view>

namespace webrocket::backend {

// The numbers of the original protocol, beside the HTTP status.
namespace error_code {
constexpr int bad_request = 400;
constexpr int unauthorized = 402;
constexpr int forbidden = 403;
constexpr int conflict = 409;
constexpr int limit_reached = 429;
constexpr int invalid_channel_name = 451;
constexpr int channel_not_found = 454;
constexpr int vhost_not_found = 455;
constexpr int group_not_found = 456;
constexpr int internal_error = 597;
} // namespace error_code

// What this broker does beyond the original protocol, for those who look: on every answer.
inline constexpr std::string_view features_line =
    "X-WebRocket-Features: idempotency groups order batch\r\n";

HttpResponse error(int status, int code, std::string_view text);
HttpReply failure(int status, int code, std::string_view text,
                  RefusalReason reason = RefusalReason::none);
HttpReply bad_request(std::string_view text);
HttpReply no_channel(std::string_view name);
std::string no_channel_text(std::string_view name);
HttpReply no_group(std::string_view name);

// Of a worker's stream: what comes before what is written on it.
HttpReply stream_head(const std::string &stream, bool chunked);

} // namespace webrocket::backend
