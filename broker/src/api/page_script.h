// The library for pages, which browsers load from the broker: `/webrocket.js` for <script src>,
// `/webrocket.mjs` for import, and `/VHOST/webrocket.js` with a connection to that vhost.
#pragma once

#include "http/http_message.h"
#include "hub/vhost_registry.h"

#include <optional>
#include <string_view>

namespace webrocket {

class PageScript {
  public:
    PageScript(const VhostRegistry &registry, bool serves_vhosts)
        : registry_(registry), serves_vhosts_(serves_vhosts) {}

    // Nothing when the request is for something else.
    std::optional<HttpReply> handle(const HttpRequest &request) const;

  private:
    std::optional<HttpReply> handle_vhost(const HttpRequest &request, std::string_view vhost,
                                          bool debug) const;

    const VhostRegistry &registry_;
    bool serves_vhosts_;
};

} // namespace webrocket
