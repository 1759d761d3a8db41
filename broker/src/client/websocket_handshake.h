// The WebSocket endpoint: opening handshakes of browsers.
#pragma once

#include "base/current.h"
#include "client/session.h"
#include "http/http_message.h"
#include "hub/vhost_registry.h"
#include "net/admission.h"

#include <string>
#include <vector>

namespace webrocket {

struct FrontendRules {
    std::vector<std::string> allowed_origins; // empty: every one
    SessionRules session;
    std::size_t pending_bytes_max = std::size_t{8} << 20;
};

class WebSocketHandshake {
  public:
    WebSocketHandshake(VhostRegistry &registry, Admission &admission, FrontendRules rules)
        : registry_(registry), admission_(admission), rules_(std::move(rules)) {}

    // For those that come from now on. Any thread.
    void set_rules(FrontendRules rules) { rules_.set(std::move(rules)); }

    static bool is_handshake(const HttpRequest &request);
    HttpReply handle(const HttpRequest &request);

  private:
    VhostRegistry &registry_;
    Admission &admission_;
    Current<FrontendRules> rules_;
};

} // namespace webrocket
