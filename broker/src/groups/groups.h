// All reliable groups of the broker.
//
// How a group comes to be, for the Admin API and for a first worker alike:
//   1. `Change{add_group}` with a StoredGroup, whose number is new_number(), goes to
//      `VhostRegistry::change`; `set_group` is for one that is there, `remove_group` ends one.
//      Obstacles: group_exists, no_group, too_many_groups (which ask has_room() and find()).
//   2. The row is committed; then the registry's GroupTarget (hub/group_target.h), which this is,
//      hears of it on the thread `storage`.
#pragma once

#include "groups/group.h"
#include "hub/group_target.h"
#include "store/stored_group.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

struct GroupLimits {
    std::size_t groups_max = 64;                          // of one vhost
    std::uint64_t log_bytes_max = std::uint64_t{4} << 30; // of all groups
    std::size_t dead_letters_max = 10'000;                // of one group
};

// The part of all groups that the APIs know. Any thread may use it.
class GroupDirectory : public GroupTarget {
  public:
    // Null where there is none.
    virtual std::shared_ptr<Group> find(std::string_view vhost, std::string_view group) const = 0;
    // Sorted by name.
    virtual std::vector<std::shared_ptr<Group>> list(std::string_view vhost) const = 0;
    // For one that is about to be added: no group has had it.
    virtual std::uint32_t new_number() = 0;
    virtual GroupLimits limits() const = 0;
};

// `[A-Za-z0-9_.-]{1,64}`: of a group and of a member.
bool is_valid_group_name(std::string_view name);

} // namespace webrocket
