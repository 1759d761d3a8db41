// What a backend may read of a vhost: lists, a page at a time.
#pragma once

#include "http/http_message.h"
#include "hub/channel_directory.h"

#include <string>
#include <string_view>

namespace webrocket::backend {

// Those whose names begin as is said, in the order of their names.
HttpReply list_channels(const ChannelDirectory &channels, std::string_view query);
HttpReply show_channel(const ChannelDirectory &channels, const std::string &name);
HttpReply list_subscribers(const ChannelDirectory &channels, const std::string &name,
                           std::string_view query);

} // namespace webrocket::backend
