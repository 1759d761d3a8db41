// What the main port serves: browsers that ask for a WebSocket, and backends.
#pragma once

#include "backend_api.h"
#include "frontend.h"

namespace webrocket {

class PublicPort final : public HttpHandler {
  public:
    PublicPort(Hub &hub, FrontendRules frontend, const WorkerStreamRules &streams)
        : frontend_(hub, std::move(frontend)), backend_(hub, streams) {}

    HttpReply handle(const HttpRequest &request) override {
        return Frontend::is_handshake(request) ? frontend_.handle(request)
                                               : backend_.handle(request);
    }
    HttpResponse refuse(int status) override { return BackendApi::refuse(status); }

  private:
    Frontend frontend_;
    BackendApi backend_;
};

} // namespace webrocket
