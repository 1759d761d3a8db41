// The HTTP endpoint of the operator, on a port of its own.
#pragma once

#include "api/admin_groups.h"
#include "api/health.h"
#include "http/http_message.h"
#include "hub/vhost_registry.h"
#include "net/event_loops.h"

#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

class AdminApi final : public HttpHandler {
  public:
    // `cookie` opens everything; `reader` what only shows, without the vhosts' tokens. Root and the
    // user of this process need neither where it is known that they ask.
    AdminApi(VhostRegistry &registry, GroupDirectory &groups, EventLoops &loops,
             const Health &health, std::string cookie, std::string reader)
        : registry_(registry), loops_(loops), health_(health), cookie_(std::move(cookie)),
          reader_(std::move(reader)), directory_(groups), groups_(registry, groups) {}

    HeadVerdict judge_head(const HttpRequest &head) override;
    HttpReply handle(const HttpRequest &request) override;
    HttpResponse refuse(int status) override;

  private:
    enum class Access { none, reads, everything };

    Access access_of(const HttpRequest &request) const;
    static bool is_forbidden(const HttpRequest &request, Access access);
    HttpReply route(const HttpRequest &request, Access access);
    HttpReply root(const Author &author, std::string_view method, Access access);
    HttpReply metrics(std::string_view method) const;
    HttpReply vhost(const Author &author, std::string_view method, const std::string &path,
                    Access access);
    HttpReply token(const Author &author, std::string_view method, const std::string &path);
    HttpReply channels(const Author &author, std::string_view method, const std::string &path);
    HttpReply channel(const Author &author, std::string_view method, const std::string &path,
                      const std::string &name);
    HttpReply subscribers(std::string_view method, const std::string &path,
                          const std::string &name) const;
    HttpReply workers(std::string_view method, const std::string &path) const;
    HttpReply connections(std::string_view method, const std::string &path, std::string_view query);
    // `on_success` is the answer to a change that was made.
    HttpReply make(Change change, const HttpResponse &on_success);

    VhostRegistry &registry_;
    EventLoops &loops_;
    const Health &health_;
    const std::string cookie_;
    const std::string reader_;
    const GroupDirectory &directory_;
    admin::GroupResources groups_;
};

} // namespace webrocket
