#include "groups/group.h"

#include "groups/groups.h"

#include <algorithm>
#include <charconv>

namespace webrocket {
namespace {

bool is_word(std::string_view text, std::size_t length_max, std::string_view others) {
    return !text.empty() && text.size() <= length_max &&
           std::all_of(text.begin(), text.end(), [others](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      others.find(c) != std::string_view::npos;
           });
}

} // namespace

std::optional<EventId> EventId::parse(std::string_view text) {
    constexpr std::size_t epoch_length_max = 32;
    const auto dash = text.find('-');
    if (dash == std::string_view::npos || !is_word(text.substr(0, dash), epoch_length_max, ""))
        return std::nullopt;
    EventId id{std::string(text.substr(0, dash)), 0};
    const char *const begin = text.data() + dash + 1;
    const char *const end = text.data() + text.size();
    const auto [stop, problem] = std::from_chars(begin, end, id.sequence);
    if (problem != std::errc() || stop != end)
        return std::nullopt;
    return id;
}

std::string EventId::text() const { return epoch + '-' + std::to_string(sequence); }

bool is_valid_group_name(std::string_view name) {
    constexpr std::size_t length_max = 64;
    return is_word(name, length_max, "_.-");
}

} // namespace webrocket
