#include "topic.h"

#include "names.h"

#include <algorithm>

namespace webrocket {

bool is_valid_event_name(std::string_view event) {
    return !event.empty() && event.front() != ':' &&
           std::none_of(event.begin(), event.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7f;
           });
}

bool is_valid_browser_topic(std::string_view topic) {
    return is_valid_event_name(topic) && topic.find("/:") == std::string_view::npos;
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
