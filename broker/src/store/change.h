// Changes of what lasts: vhosts, their access tokens, their channels.
#pragma once

#include "base/client_address.h"

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

struct Change {
    enum class Kind {
        add_vhost,
        remove_vhost,
        remove_all_vhosts,
        renew_access_token,
        open_channel,
        close_channel,
        close_all_channels,
    };
    Kind kind;
    std::string vhost;
    std::string channel;
    Author author = {};
};

enum class Outcome {
    done,
    vhost_exists,
    no_vhost,
    channel_exists,
    no_channel,
    too_many_channels,
    not_stored, // nothing has changed
};

using ChangeDone = std::function<void(Outcome)>;

} // namespace webrocket
