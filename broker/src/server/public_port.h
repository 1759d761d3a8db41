// What the main port serves: browsers that ask for a WebSocket or for its library, and backends.
#pragma once

#include <optional>

#include "api/backend_api.h"
#include "api/health.h"
#include "api/page_script.h"
#include "client/websocket_handshake.h"
#include "groups/groups.h"
#include "http/replies.h"

namespace webrocket {

class PublicPort final : public HttpHandler {
  public:
    PublicPort(VhostRegistry &registry, const GroupDirectory &groups, const Health &health,
               Admission &admission, FrontendRules frontend, const BackendRules &backend,
               bool serves_vhost_scripts)
        : health_(health), frontend_(registry, admission, std::move(frontend)),
          client_(registry, serves_vhost_scripts), backend_(registry, groups, backend) {}

    // Only backends have something to say in a body.
    HeadVerdict judge_head(const HttpRequest &head) override {
        if (WebSocketHandshake::is_handshake(head) || health_.answer(head) || client_.handle(head))
            return {std::nullopt, false};
        return backend_.judge_head(head);
    }
    HttpReply handle(const HttpRequest &request) override {
        if (WebSocketHandshake::is_handshake(request))
            return frontend_.handle(request);
        if (auto response = health_.answer(request))
            return at_once(std::move(*response));
        if (auto script = client_.handle(request))
            return std::move(*script);
        return backend_.handle(request);
    }
    HttpResponse refuse(int status) override { return BackendApi::refuse(status); }

    // For those that come from now on. Any thread.
    void set_rules(FrontendRules frontend, const BackendRules &backend) {
        frontend_.set_rules(std::move(frontend));
        backend_.set_rules(backend);
    }

  private:
    const Health &health_;
    WebSocketHandshake frontend_;
    PageScript client_;
    BackendApi backend_;
};

} // namespace webrocket
