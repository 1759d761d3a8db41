#include "names.hpp"

#include <algorithm>
#include <string>

#include "failure.hpp"
#include "utf8.hpp"

namespace kn {
namespace {

// The grammar is ASCII whatever the locale says.
bool is_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

[[noreturn]] void refuse(const char *what, const char *why) {
    throw failure(KN_EINVAL, std::string(what) + " " + why);
}

} // namespace

void require_channel_name(std::string_view name) {
    if (name.empty())
        refuse("the channel name", "is empty");
    const bool allowed = is_word(name.front()) && std::all_of(name.begin(), name.end(), [](char c) {
                             return is_word(c) || c == '-' || c == '.';
                         });
    if (!allowed)
        refuse("the channel name", "may hold letters, digits, '_', '-' and '.' only, and begins "
                                   "with a letter, a digit or '_'");
}

void require_plain(std::string_view text, const char *what) {
    if (std::any_of(text.begin(), text.end(), is_control))
        refuse(what, "holds a control character");
    if (!is_utf8(text))
        refuse(what, "is not UTF-8");
}

void require_text(std::string_view text, const char *what) {
    if (text.empty())
        refuse(what, "is empty");
    require_plain(text, what);
}

void require_event_name(std::string_view name) {
    require_text(name, "the event name");
    if (name.front() == ':')
        refuse("the event name", "begins with ':', which is the broker's own");
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
