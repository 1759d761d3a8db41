// Changes of what lasts: vhosts, their access tokens, their channels, their groups of workers.
#pragma once

#include "base/client_address.h"
#include "store/group_settings.h"
#include "store/stored_group.h"

#include <functional>
#include <string>

namespace webrocket {

// Who wants a change, for the log: what they have shown, where they are, and as which user of this
// machine, where that is known.
struct Author {
    std::string who;
    ClientAddress address;
    std::string user = {};
};

// Of a change that concerns a group.
struct GroupChange {
    std::string name;
    GroupWish wish;
    // What there is of it when the change has been stored, for those who make it or change it.
    StoredGroup stored = {};
    bool is_new = false;
};

struct Change {
    enum class Kind {
        add_vhost,
        remove_vhost,
        remove_all_vhosts,
        renew_access_token,
        open_channel,
        close_channel,
        close_all_channels,
        add_group, // as its first worker does: one that is there stays as it is
        put_group, // as an administrator does: it is made, or its settings are changed
        remove_group,
    };
    Kind kind;
    std::string vhost;
    std::string channel;
    Author author = {};
    GroupChange group = {};
};

enum class Outcome {
    done,
    vhost_exists,
    no_vhost,
    channel_exists,
    no_channel,
    too_many_channels,
    group_exists,
    no_group,
    too_many_groups,
    group_has_members, // its order cannot change now
    not_stored,        // nothing has changed
};

using ChangeDone = std::function<void(Outcome)>;

} // namespace webrocket
