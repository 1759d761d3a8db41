// The grammar of everything that has a name: vhosts, channels, nodes.
#pragma once

#include <string_view>

namespace webrocket {

enum class ChannelType { normal, private_channel, presence };

// `/moon`, `/a/b`: one or more segments of letters, digits, `-` and `_`.
bool is_valid_vhost_path(std::string_view path);

// A vhost called after a resource of the HTTP APIs would hide behind that resource.
bool is_reserved_vhost_path(std::string_view path);

bool is_valid_channel_name(std::string_view name);

// Node names become file names, so on top of the grammar a slash is refused.
bool is_valid_node_name(std::string_view name);

// The type is the text before the first dash; every unknown one means a normal channel.
ChannelType channel_type(std::string_view name);

inline bool needs_permission(ChannelType type) { return type != ChannelType::normal; }

} // namespace webrocket
