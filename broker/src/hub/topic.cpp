#include "hub/topic.h"

#include "hub/names.h"

#include <algorithm>

namespace webrocket {
namespace {

constexpr std::string_view class_opening = "[:";
constexpr std::string_view class_ending = ":]";

// Cuts `[…]` off the front. A bracket that comes first in it is a member, and so is an escaped one.
std::string_view take_set(std::string_view &expression) {
    std::size_t end = expression.starts_with("[^") ? 2 : 1;
    for (bool first = true; end < expression.size(); first = false) {
        const auto rest = expression.substr(end);
        if (rest.starts_with(']') && !first)
            break;
        const auto class_end = rest.find(class_ending, class_opening.size());
        if (rest.starts_with(class_opening) && class_end != std::string_view::npos)
            end += class_end + class_ending.size();
        else
            end += rest.starts_with('\\') ? 2 : 1;
    }
    end = std::min(end + 1, expression.size());
    const auto set = expression.substr(0, end);
    expression.remove_prefix(end);
    return set;
}

bool set_lists_colon(std::string_view set) {
    set.remove_prefix(1);
    while (!set.empty()) {
        const auto class_end = set.find(class_ending, class_opening.size());
        if (set.starts_with(class_opening) && class_end != std::string_view::npos)
            set.remove_prefix(class_end + class_ending.size());
        else if (set.front() == ':')
            return true;
        else
            set.remove_prefix(1);
    }
    return false;
}

// Cuts `(?flags:`, `(?flags)` or the beginning of `(?P<name>` off the front.
void take_flags(std::string_view &expression) {
    expression.remove_prefix(2);
    const auto end = expression.find_first_of(":)<");
    expression.remove_prefix(end == std::string_view::npos ? expression.size() : end + 1);
}

} // namespace

bool is_valid_event_name(std::string_view event) {
    return !event.empty() && event.size() <= name_bytes_max && event.front() != ':' &&
           std::none_of(event.begin(), event.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7f;
           });
}

bool is_valid_browser_topic(std::string_view topic) {
    return is_valid_event_name(topic) && !is_system_topic(topic);
}

bool is_system_topic(std::string_view topic) { return topic.find("/:") != std::string_view::npos; }

bool spells_colon(std::string_view expression) {
    while (!expression.empty()) {
        if (expression.starts_with("\\:") || expression.front() == ':')
            return true;
        if (expression.front() == '\\') {
            expression.remove_prefix(std::min<std::size_t>(2, expression.size()));
        } else if (expression.front() == '[') {
            const auto set = take_set(expression);
            if (!set.starts_with("[^") && set_lists_colon(set))
                return true;
        } else if (expression.starts_with("(?")) {
            take_flags(expression);
        } else {
            expression.remove_prefix(1);
        }
    }
    return false;
}

std::string implicit_topic(std::string_view channel, std::string_view event) {
    std::string topic;
    topic.reserve(channel.size() + 1 + event.size());
    topic.append(channel).append(1, '/').append(event);
    return topic;
}

std::string_view guarded_channel(std::string_view topic) {
    const auto slash = topic.find('/');
    if (slash == std::string_view::npos)
        return {};
    const auto name = topic.substr(0, slash);
    if (!is_valid_channel_name(name) || !needs_permission(channel_type(name)))
        return {};
    return name;
}

} // namespace webrocket
