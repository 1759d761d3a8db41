// Streams of workers that acknowledge: how one becomes a member of its group.
#pragma once

#include "api/backend_groups.h"
#include "api/backend_rules.h"
#include "base/current.h"
#include "hub/vhost_registry.h"

#include <memory>
#include <string>
#include <string_view>

namespace webrocket::backend {

struct StreamRequest {
    GroupRequest wanted;
    Author author;
    bool chunked = true;
};

// A group that is not there yet is stored first, with what its first worker says of it.
struct MemberStreams {
    VhostRegistry &registry;
    const GroupDirectory &groups;
    const Current<BackendRules> &rules;

    HttpReply begin(const std::shared_ptr<Vhost> &vhost, StreamRequest request) const;

  private:
    bool has_place(std::string_view vhost, const StreamRequest &request) const;
    HttpReply answer(const std::shared_ptr<Vhost> &vhost, const StreamRequest &request,
                     Admitted admitted) const;
    HttpReply stream(const std::shared_ptr<Vhost> &vhost, const StreamRequest &request,
                     std::unique_ptr<Membership> membership) const;
    HttpReply after_change(const std::shared_ptr<Vhost> &vhost, const StreamRequest &request,
                           Change::Kind kind) const;
};

} // namespace webrocket::backend
