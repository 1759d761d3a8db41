// What a backend may read of a vhost: lists, a page at a time.
#pragma once

#include "http/http_message.h"
#include "hub/vhost.h"

#include <string>
#include <string_view>

namespace webrocket::backend {

HttpReply list_subscribers(const Vhost &vhost, const std::string &name, std::string_view query);

} // namespace webrocket::backend
