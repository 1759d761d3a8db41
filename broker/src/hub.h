// The state of the broker, and the one way to it for sessions and endpoints. What is stored is
// written first: when that fails (StoreError), nothing has changed.
#pragma once

#include "pattern.h"
#include "store.h"
#include "vhost.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

class Hub {
  public:
    Hub(Store &store, const TokenLimits &token_limits);

    // Vhosts.
    using Vhosts = std::map<std::string, std::unique_ptr<Vhost>, std::less<>>;
    const Vhosts &vhosts() const { return vhosts_; }
    Vhost *find_vhost(std::string_view path) const;
    // The path must be valid and free.
    Vhost &add_vhost(std::string_view path);
    void remove_vhost(Vhost &vhost);
    void remove_all_vhosts();
    void renew_access_token(Vhost &vhost);

    // Channels. The name must be valid and free.
    Channel &open_channel(Vhost &vhost, std::string_view name);
    void close_channel(Vhost &vhost, Channel &channel);
    void close_all_channels(Vhost &vhost);

    // Subscriptions. Every join and leave passes here; those of visible members are announced, a
    // join to the newcomer too. `farewell` is a scanned JSON object, or empty.
    void subscribe(Channel &channel, Subscription &subscription);
    void unsubscribe(Subscription &subscription, std::string_view farewell = {});

    // To everyone who listens to the channel.
    void publish(Channel &channel, const Frame &frame) { channel.deliver(frame); }

    bool permits(const Permission &permission, std::string_view channel) {
        return patterns_.matches(permission.channels, channel);
    }

  private:
    std::unique_ptr<Vhost> make_vhost(std::string path, std::string access_token) const;
    static void dissolve(Vhost &vhost);

    Store &store_;
    TokenLimits token_limits_;
    Vhosts vhosts_;
    PatternCache patterns_;
};

} // namespace webrocket
