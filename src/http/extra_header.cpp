#include "http/extra_header.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "base/failure.h"
#include "base/quoted.h"
#include "base/text.h"

namespace kn {
namespace {

/// RFC 9110, 5.6.2.
bool is_token_character(char c) noexcept {
    return is_word(c) || std::string_view("!#$%&'*+-.^`|~").find(c) != std::string_view::npos;
}

constexpr std::string_view own_headers[] = {
    "accept",     "accept-encoding",   "authorization", "cache-control",
    "connection", "content-length",    "content-type",  "expect",
    "host",       "idempotency-key",   "last-event-id", "te",
    "trailer",    "transfer-encoding", "upgrade",       "user-agent"};

[[noreturn]] void refuse(const char *what, std::string_view which, const char *why) {
    throw Failure(KN_EINVAL, what + quoted(which) + " " + why);
}

} // namespace

void require_extra_header(std::string_view name, std::string_view value) {
    const bool is_token =
        !name.empty() && std::all_of(name.begin(), name.end(), is_token_character);
    if (!is_token)
        refuse("the header's name", name,
               "is empty or holds a character that no header's name may hold");
    for (const std::string_view own : own_headers)
        if (equals_ignoring_case(name, own))
            refuse("the header", name, "is one that the library sets itself");
    // Its value may be a key, and is never shown.
    if (value.empty())
        refuse("the value of the header", name, "is empty");
    if (const char *complaint = complaint_of(value))
        refuse("the value of the header", name, complaint);
}

} // namespace kn
