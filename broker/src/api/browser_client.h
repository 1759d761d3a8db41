// The library for pages, which browsers load from the broker: `/webrocket.js` for <script src>,
// `/webrocket.mjs` for import, and `/VHOST/webrocket.js` with a connection to that vhost.
#pragma once

#include "http/http_message.h"
#include "hub/hub.h"

#include <optional>
#include <string_view>

namespace webrocket {

class BrowserClient {
  public:
    BrowserClient(const Hub &hub, bool serves_vhosts) : hub_(hub), serves_vhosts_(serves_vhosts) {}

    // Nothing when the request is for something else.
    std::optional<HttpReply> handle(const HttpRequest &request) const;

  private:
    std::optional<HttpReply> handle_vhost(const HttpRequest &request, std::string_view vhost,
                                          bool debug) const;

    const Hub &hub_;
    bool serves_vhosts_;
};

} // namespace webrocket
