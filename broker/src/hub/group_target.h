// What hears of changes of reliable groups, once they are stored: the rooms above have the groups.
#pragma once

#include "store/stored_group.h"

#include <string_view>

namespace webrocket {

// On the thread that makes changes.
class GroupTarget {
  public:
    virtual ~GroupTarget() = default;

    virtual bool has_group(std::string_view vhost, std::string_view group) const = 0;
    // Whether the vhost may have one more.
    virtual bool has_room(std::string_view vhost) const = 0;
    // Whether a group that is there may have this order: it has it, or has no member.
    virtual bool may_order(std::string_view vhost, std::string_view group,
                           GroupOrder order) const = 0;

    virtual void add(const StoredGroup &group) = 0;
    // Its number and its names stay. With another filter than it had, `last_filters` are empty:
    // those of members that are there count on, and have to be stored anew.
    virtual void set(const StoredGroup &group) = 0;
    virtual void remove(std::string_view vhost, std::string_view group) = 0;
    virtual void remove_all(std::string_view vhost) = 0;
};

} // namespace webrocket
