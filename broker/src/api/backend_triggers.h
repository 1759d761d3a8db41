// The events that backends trigger: one on a channel, or a batch of them.
#pragma once

#include "http/http_message.h"
#include "hub/vhost.h"

#include <cstddef>
#include <string>

namespace webrocket::backend {

HttpReply trigger(Vhost &vhost, const std::string &channel, const HttpRequest &request);
HttpReply trigger_batch(Vhost &vhost, const HttpRequest &request, std::size_t batch_max);

} // namespace webrocket::backend
