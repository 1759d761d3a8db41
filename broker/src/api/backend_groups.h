// What workers say that acknowledge: which group they want to be members of, and what became of
// the events they were sent.
#pragma once

#include "groups/groups.h"
#include "groups/member_request.h"
#include "http/http_message.h"
#include "http/uri.h"
#include "hub/workers.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace webrocket::backend {

struct GroupRequest {
    std::string group;
    MemberRequest member;
};

// Any other request for a stream is the original one.
bool asks_to_acknowledge(const QueryParameters &query);
// Or what is wrong with it.
std::variant<GroupRequest, std::string> read_group_request(const QueryParameters &query);

enum class GroupCall { acknowledge, give_back, extend };

// Who of a vhost's workers is a member of a group.
WorkersElsewhere members_of_groups(const GroupDirectory &groups, std::string_view vhost);
// The answer where a vhost has too many workers, or filters.
std::optional<HttpReply> refusal_of_room(WorkerRoom room);

HttpReply call_group(const GroupDirectory &groups, std::string_view vhost, GroupCall call,
                     std::string_view body);

} // namespace webrocket::backend
