// The HTTP endpoint of the operator, on a port of its own.
#pragma once

#include "http_message.h"
#include "hub.h"

#include <string>
#include <vector>

namespace webrocket {

class AdminApi final : public HttpHandler {
  public:
    AdminApi(Hub &hub, std::string cookie) : hub_(hub), cookie_(std::move(cookie)) {}

    HttpReply handle(const HttpRequest &request) override;
    HttpResponse refuse(int status) override;

  private:
    HttpResponse route(const HttpRequest &request);
    HttpResponse root(std::string_view method);
    HttpResponse vhost(std::string_view method, const std::string &path);
    HttpResponse token(std::string_view method, const std::string &path);
    HttpResponse channels(std::string_view method, const std::string &path);
    HttpResponse channel(std::string_view method, const std::string &path, const std::string &name);
    HttpResponse subscribers(std::string_view method, const std::string &path,
                             const std::string &name);
    HttpResponse workers(std::string_view method, const std::string &path);

    Hub &hub_;
    std::string cookie_;
};

} // namespace webrocket
