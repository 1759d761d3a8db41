// All reliable groups of the broker.
//
// How a group comes to be, is changed, and goes, for the Admin API and for workers alike:
//   1. A `Change` (store/change.h) goes to `VhostRegistry::change`: `add_group` of a first worker,
//      `put_group` of an administrator, which makes one or changes one, `remove_group`. It names
//      the vhost, the group and what is wanted of its settings (GroupWish). Obstacles:
//      group_exists, no_group, too_many_groups, group_has_members.
//   2. The row is committed, and a new group has got its number by that. Numbers are not used
//      twice. Those that a log knows have to be told to GroupStore::skip_numbers at the start.
//   3. The registry's GroupTarget (hub/group_target.h), which this is, hears of it on the thread
//      `storage`.
// What else is stored of a group (dead letters, the last filters, since when it has no member) is a
// `StoreWork` (store/change_writer.h), by `VhostRegistry::store`.
#pragma once

#include "event_log/event_log.h"
#include "groups/group.h"
#include "groups/member_request.h"
#include "groups/membership.h"
#include "hub/group_target.h"
#include "store/stored_group.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

struct GroupLimits {
    std::size_t groups_max = 64;                          // of one vhost
    std::uint64_t log_bytes_max = std::uint64_t{4} << 30; // of all groups
};

// The part of all groups that the APIs know. Any thread may use it.
class GroupDirectory : public GroupTarget {
  public:
    // Null where there is none.
    virtual std::shared_ptr<Group> find(std::string_view vhost, std::string_view group) const = 0;
    // Sorted by name.
    virtual std::vector<std::shared_ptr<Group>> list(std::string_view vhost) const = 0;
    virtual GroupLimits limits() const = 0;
    // For a worker that asks for a stream.
    virtual Admitted join(std::string_view vhost, std::string_view group,
                          const MemberRequest &request) const = 0;

    // Why the disk takes no events; empty if it does.
    virtual std::string failure() const = 0;
    virtual LogFigures log_figures() const = 0;
};

// `[A-Za-z0-9_.-]{1,64}`: of a group and of a member.
bool is_valid_group_name(std::string_view name);

} // namespace webrocket
