// Why something is refused.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace webrocket {

// Each has a name and a place in refusal_kinds, and needs nothing else to be counted and told.
enum class RefusalReason : std::uint8_t {
    none, // nothing was refused
    tls_handshake,
    bad_request,
    wrong_method,
    timeout,
    body_too_large,
    header_too_large,
    unknown_vhost,
    not_found,
    wrong_token,
    wrong_cookie,
    forbidden,
    bad_handshake,
    origin,
    too_many_connections,
    limit_reached,
    stopping,
    failed,
    websocket_protocol,
    too_many_of_address,
    too_many_handshakes,
    too_many_workers,
    too_many_filters,
    too_many_channels,
    batch_too_large,
    tls_timeout,
    unread_answer,
    message_too_big,
    message_timeout,
    newcomer_timeout,
    page_too_fast,
    page_bad_request,
    page_unauthorized,
    page_forbidden,
    page_limit_reached,
    page_not_subscribed,
    page_channel_not_found,
    memory,
    no_memory_left,
    fan_out,
    count
};

struct RefusalKind {
    std::string_view name;
    // Keeps somebody out, so the first of an address is worth a line at the level of info.
    bool keeps_out;
};

inline constexpr std::size_t refusal_count = static_cast<std::size_t>(RefusalReason::count);
inline constexpr std::array<RefusalKind, refusal_count> refusal_kinds = {{
    {"", false},
    {"tls_handshake", true},
    {"bad_request", true},
    {"wrong_method", false},
    {"timeout", false},
    {"body_too_large", true},
    {"header_too_large", true},
    {"unknown_vhost", true},
    {"not_found", false},
    {"wrong_token", true},
    {"wrong_cookie", true},
    {"forbidden", true},
    {"bad_handshake", true},
    {"origin", true},
    {"too_many_connections", true},
    {"limit_reached", true},
    {"stopping", false},
    {"failed", true},
    {"websocket_protocol", true},
    {"too_many_of_address", true},
    {"too_many_handshakes", true},
    {"too_many_workers", true},
    {"too_many_filters", true},
    {"too_many_channels", true},
    {"batch_too_large", true},
    {"tls_timeout", true},
    {"unread_answer", true},
    {"message_too_big", true},
    {"message_timeout", true},
    {"newcomer_timeout", true},
    {"page_too_fast", true},
    {"page_400", false},
    {"page_402", true},
    {"page_403", false},
    {"page_429", false},
    {"page_453", false},
    {"page_454", false},
    {"memory", false},
    {"no_memory_left", true},
    {"fan_out", true},
}};

constexpr const RefusalKind &kind_of(RefusalReason reason) {
    return refusal_kinds[static_cast<std::size_t>(reason)];
}

// What an answer with this HTTP status refuses, when nothing is known but that.
RefusalReason refusal_of_status(int status);
// Likewise a page's `:error`.
RefusalReason refusal_of_page(int code);

} // namespace webrocket
