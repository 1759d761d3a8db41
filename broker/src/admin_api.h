// The HTTP endpoint of the operator, on a port of its own.
#pragma once

#include "event_loops.h"
#include "health.h"
#include "http_message.h"
#include "hub.h"

#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

class AdminApi final : public HttpHandler {
  public:
    AdminApi(Hub &hub, const EventLoops &loops, const Health &health, std::string cookie)
        : hub_(hub), loops_(loops), health_(health), cookie_(std::move(cookie)) {}

    HeadVerdict judge_head(const HttpRequest &head) override;
    HttpReply handle(const HttpRequest &request) override;
    HttpResponse refuse(int status) override;

  private:
    bool is_authorized(const HttpRequest &request) const;
    HttpReply route(const HttpRequest &request);
    HttpReply root(std::string_view method);
    HttpReply metrics(std::string_view method) const;
    HttpReply vhost(std::string_view method, const std::string &path);
    HttpReply token(std::string_view method, const std::string &path);
    HttpReply channels(std::string_view method, const std::string &path);
    HttpReply channel(std::string_view method, const std::string &path, const std::string &name);
    HttpReply subscribers(std::string_view method, const std::string &path,
                          const std::string &name) const;
    HttpReply workers(std::string_view method, const std::string &path) const;
    // `on_success` is the answer to a change that was made.
    HttpReply make(const Change &change, const HttpResponse &on_success);

    Hub &hub_;
    const EventLoops &loops_;
    const Health &health_;
    const std::string cookie_;
};

} // namespace webrocket
