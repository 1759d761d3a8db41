// Changes of what lasts: vhosts, their access tokens, their channels.
#pragma once

#include <functional>
#include <string>

namespace webrocket {

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
