// The operator's part of dead letters: what they are, trying them again, deleting them.
#pragma once

#include "groups/group.h"
#include "http/http_message.h"
#include "hub/vhost_registry.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket::admin {

class DeadLetterResources {
  public:
    struct Target {
        std::string vhost;
        std::string group;
        std::vector<std::string> rest; // of the path, behind `dead-letters`
        std::string_view query;
        bool shows_payloads = false;
    };

    explicit DeadLetterResources(VhostRegistry &registry) : registry_(registry) {}

    // What can be said without knowing whether there is such a group: no such page, or a method
    // that it does not have.
    static std::optional<HttpReply> refusal_of_route(std::string_view method, const Target &target);
    HttpReply answer(const HttpRequest &request, const Target &target,
                     std::shared_ptr<Group> group);

  private:
    HttpReply list(const Target &target, const std::shared_ptr<Group> &group);
    HttpReply show(const Target &target, const std::shared_ptr<Group> &group);
    HttpReply remove_one(const HttpRequest &request, const Target &target,
                         const std::shared_ptr<Group> &group);
    HttpReply remove_all(const HttpRequest &request, const std::shared_ptr<Group> &group);
    HttpReply requeue(const HttpRequest &request, const Target &target,
                      const std::shared_ptr<Group> &group);

    VhostRegistry &registry_;
};

} // namespace webrocket::admin
