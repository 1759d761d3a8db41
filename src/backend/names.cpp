#include "backend/names.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "base/failure.hpp"
#include "base/quoted.hpp"
#include "base/utf8.hpp"

namespace kn {
namespace {

// The grammar is ASCII whatever the locale says.
bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name_character(char c) noexcept { return is_word(c) || c == '-' || c == '.'; }

/// RFC 9110, 5.6.2.
bool is_token_character(char c) noexcept {
    return is_word(c) || std::string_view("!#$%&'*+-.^`|~").find(c) != std::string_view::npos;
}

constexpr std::string_view own_headers[] = {"accept",
                                            "accept-encoding",
                                            "authorization",
                                            "cache-control",
                                            "connection",
                                            "content-length",
                                            "content-type",
                                            "expect",
                                            "host",
                                            "last-event-id",
                                            "te",
                                            "trailer",
                                            "transfer-encoding",
                                            "upgrade",
                                            "user-agent"};

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

[[noreturn]] void refuse(const char *what, const char *why) {
    throw failure(KN_EINVAL, std::string(what) + " " + why);
}

[[noreturn]] void refuse(const char *what, std::string_view which, const char *why) {
    throw failure(KN_EINVAL, what + quoted(which) + " " + why);
}

/// NULL where it may stand in a message, a header or a query.
const char *complaint_of(std::string_view text) noexcept {
    if (std::any_of(text.begin(), text.end(), is_control))
        return "holds a control character";
    return is_utf8(text) ? nullptr : "is not UTF-8";
}

} // namespace

void require_channel_name(std::string_view name) {
    if (name.empty())
        refuse("the channel name", "is empty");
    const bool allowed =
        is_word(name.front()) && std::all_of(name.begin(), name.end(), is_name_character);
    if (!allowed)
        refuse("the channel name", name,
               "may hold letters, digits, '_', '-' and '.' only, and begins with a letter, a digit "
               "or '_'");
}

void require_plain(std::string_view text, const char *what) {
    if (const char *complaint = complaint_of(text))
        refuse(what, complaint);
}

void require_text(std::string_view text, const char *what) {
    if (text.empty())
        refuse(what, "is empty");
    require_plain(text, what);
}

void require_event_name(std::string_view name) {
    constexpr const char *what = "the event name";
    if (name.empty())
        refuse(what, "is empty");
    if (const char *complaint = complaint_of(name))
        refuse(what, name, complaint);
    if (name.front() == ':')
        refuse(what, name, "begins with ':', which is the broker's own");
}

void require_worker_name(std::string_view name) {
    constexpr std::size_t longest = 64;
    const bool allowed = !name.empty() && name.size() <= longest &&
                         std::all_of(name.begin(), name.end(), is_name_character);
    if (!allowed)
        refuse("the worker name", name, "may hold 1 to 64 letters, digits, '_', '-' and '.'");
}

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

bool is_vhost_path(std::string_view path) noexcept {
    if (path.size() < 2 || path.front() != '/' || path.back() == '/')
        return false;
    char before = '\0';
    for (const char c : path) {
        if (c == '/' ? before == '/' : !is_word(c) && c != '-')
            return false;
        before = c;
    }
    return true;
}

} // namespace kn
