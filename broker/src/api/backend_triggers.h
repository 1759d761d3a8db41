// The events that backends trigger: one on a channel, or a batch of them.
#pragma once

#include "http/http_message.h"
#include "hub/channel_directory.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace webrocket::backend {

HttpReply trigger(const ChannelDirectory &channels, const std::string &name, std::string_view body);
HttpReply trigger_batch(const ChannelDirectory &channels, std::string_view body,
                        std::size_t batch_max);

} // namespace webrocket::backend
