// Answers that several endpoints give.
#pragma once

#include "http/http_message.h"

#include <string_view>
#include <utility>

namespace webrocket {

// A line for people.
HttpResponse plain_text(int status, std::string_view line);
// To whoever does more than read what can be read only.
HttpResponse read_only();
// To a browser that came to a vhost without wanting a WebSocket.
HttpResponse not_websocket();

inline HttpReply at_once(HttpResponse response) { return {std::move(response), nullptr, nullptr}; }

} // namespace webrocket
