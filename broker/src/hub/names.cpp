#include "hub/names.h"

#include <algorithm>
#include <array>

namespace webrocket {
namespace {

// ASCII only and independent of the locale, unlike isalnum().
bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

template <std::size_t count>
bool is_one_of(const std::array<std::string_view, count> &words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

} // namespace

bool is_valid_vhost_path(std::string_view path) {
    if (path.empty() || path.size() > name_bytes_max || path.front() != '/' || path.back() == '/')
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
    // What has names of its own behind it: `/a/channels/b` would be a channel of `/a`.
    static constexpr std::array<std::string_view, 7> collections = {
        "channels", "users", "sessions", "groups", "keys", "prefixes", "events"};
    static constexpr std::array<std::string_view, 4> resources = {"token", "workers", "connections",
                                                                  "rules"};
    // What the ports answer themselves.
    static constexpr std::array<std::string_view, 4> own = {"/healthz", "/readyz", "/metrics",
                                                            "/console"};
    if (is_one_of(own, path) || is_one_of(resources, path.substr(path.rfind('/') + 1)))
        return true;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        if (is_one_of(collections, path.substr(0, end)))
            return true;
        path.remove_prefix(end);
    }
    return false;
}

bool is_valid_channel_name(std::string_view name) {
    return !name.empty() && name.size() <= name_bytes_max && is_word(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_word(c) || c == '-' || c == '.'; });
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
