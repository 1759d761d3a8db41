#include "backend/names.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "base/failure.h"
#include "base/quoted.h"
#include "base/text.h"

namespace kn {
namespace {

bool is_name_character(char c) noexcept { return is_word(c) || c == '-' || c == '.'; }

[[noreturn]] void refuse(const char *what, std::string_view which, const char *why) {
    throw Failure(KN_EINVAL, what + quoted(which) + " " + why);
}

void require_short_name(std::string_view name, const char *what) {
    constexpr std::size_t longest = 64;
    const bool allowed = !name.empty() && name.size() <= longest &&
                         std::all_of(name.begin(), name.end(), is_name_character);
    if (!allowed)
        refuse(what, name, "may hold 1 to 64 letters, digits, '_', '-' and '.'");
}

} // namespace

void require_channel_name(std::string_view name) {
    if (name.empty())
        throw Failure(KN_EINVAL, "the channel name is empty");
    const bool allowed =
        is_word(name.front()) && std::all_of(name.begin(), name.end(), is_name_character);
    if (!allowed)
        refuse("the channel name", name,
               "may hold letters, digits, '_', '-' and '.' only, and begins with a letter, a digit "
               "or '_'");
}

void require_event_name(std::string_view name) {
    constexpr const char *what = "the event name";
    if (name.empty())
        throw Failure(KN_EINVAL, std::string(what) + " is empty");
    if (const char *complaint = complaint_of(name))
        refuse(what, name, complaint);
    if (name.front() == ':')
        refuse(what, name, "begins with ':', which is the broker's own");
}

void require_worker_name(std::string_view name) { require_short_name(name, "the worker name"); }
void require_group_name(std::string_view name) { require_short_name(name, "the group name"); }

} // namespace kn
