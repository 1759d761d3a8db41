#include "names.h"

#include <algorithm>
#include <array>

namespace webrocket {
namespace {

// ASCII only and independent of the locale, unlike isalnum().
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

} // namespace

bool is_valid_vhost_path(std::string_view path) {
    if (path.empty() || path.front() != '/' || path.back() == '/')
        return false;
    char previous = '\0';
    for (const char c : path) {
        if (c == '/' ? previous == '/' : !is_word(c) && c != '-')
            return false;
        previous = c;
    }
    return true;
}

bool is_reserved_vhost_path(std::string_view path) {
    static constexpr std::array<std::string_view, 3> resources = {"events", "token", "workers"};
    // What both ports answer themselves.
    static constexpr std::array<std::string_view, 3> own = {"/healthz", "/readyz", "/metrics"};
    if (std::find(own.begin(), own.end(), path) != own.end())
        return true;
    const std::string_view last = path.substr(path.rfind('/') + 1);
    if (std::find(resources.begin(), resources.end(), last) != resources.end())
        return true;
    // `/a/channels/b` would be a channel of `/a`.
    constexpr std::string_view channels = "/channels";
    return path.ends_with(channels) || path.find("/channels/") != std::string_view::npos;
}

bool is_valid_channel_name(std::string_view name) {
    return !name.empty() && is_word(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_word(c) || c == '-' || c == '.'; });
}

bool is_valid_node_name(std::string_view name) {
    if (name.size() < 2 || name.size() > 200)
        return false;
    if (!is_word(name.front()) && name.front() != '.' && name.front() != '-')
        return false;
    return name.find_first_of(std::string_view("/\n\0", 3)) == std::string_view::npos;
}

ChannelType channel_type(std::string_view name) {
    const auto dash = name.find('-');
    if (dash == std::string_view::npos)
        return ChannelType::normal;
    const auto prefix = name.substr(0, dash);
    if (prefix == "private")
        return ChannelType::private_channel;
    if (prefix == "presence")
        return ChannelType::presence;
    return ChannelType::normal;
}

} // namespace webrocket
