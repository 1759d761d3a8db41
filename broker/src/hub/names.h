// The grammar of everything that has a name: vhosts, channels.
#pragma once

#include <cstddef>
#include <string_view>

namespace webrocket {

// Of vhosts' paths, channels, events, users and workers.
inline constexpr std::size_t name_bytes_max = 255;
// Of the regular expressions over such names.
inline constexpr std::size_t pattern_bytes_max = 1024;

enum class ChannelType { normal, private_channel, presence };

// `/moon`, `/a/b`: one or more segments of letters, digits, `-` and `_`.
bool is_valid_vhost_path(std::string_view path);

// A vhost called after a resource of the HTTP APIs would hide behind that resource. For valid
// paths.
bool is_reserved_vhost_path(std::string_view path);

bool is_valid_channel_name(std::string_view name);

// Node names become file names, so on top of the grammar a slash is refused.

// The type is the text before the first dash; every unknown one means a normal channel.
ChannelType channel_type(std::string_view name);

inline bool needs_permission(ChannelType type) { return type != ChannelType::normal; }

} // namespace webrocket
