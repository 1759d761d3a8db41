// The events that backends trigger: one on a channel, or a batch of them.
#pragma once

#include "http/http_message.h"
#include "hub/vhost.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace webrocket::backend {

HttpReply trigger(Vhost &vhost, const std::string &name, std::string_view body);
HttpReply trigger_batch(Vhost &vhost, std::string_view body, std::size_t batch_max);

} // namespace webrocket::backend
