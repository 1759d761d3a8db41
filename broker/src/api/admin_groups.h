// The operator's part of reliable groups: which there are, how they are doing, their settings.
#pragma once

#include "api/admin_dead_letters.h"
#include "groups/groups.h"
#include "http/http_message.h"
#include "hub/vhost_registry.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket::admin {

class GroupResources {
  public:
    GroupResources(VhostRegistry &registry, GroupDirectory &groups)
        : registry_(registry), groups_(groups), dead_letters_(registry) {}

    // Nothing where the path is about something else. `shows_payloads`: to whoever asks.
    std::optional<HttpReply> answer(const HttpRequest &request,
                                    const std::vector<std::string> &segments,
                                    std::string_view query, bool shows_payloads);

  private:
    HttpReply list(std::string_view method, const std::string &vhost, std::string_view query) const;
    HttpReply group(const HttpRequest &request, const std::string &vhost, const std::string &name);
    HttpReply put(const HttpRequest &request, const std::string &vhost, const std::string &name);
    HttpReply remove(const HttpRequest &request, const std::string &vhost, const std::string &name);
    HttpResponse refusal_of(Outcome outcome, const std::string &vhost,
                            const std::string &name) const;

    VhostRegistry &registry_;
    GroupDirectory &groups_;
    DeadLetterResources dead_letters_;
};

} // namespace webrocket::admin
