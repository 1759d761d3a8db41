// One tenant: its channels and who is on them, and the parts that stand by themselves: credentials,
// connections, tokens, sessions, workers. Any thread may use it: a lock guards channels and
// subscriptions, for the length of a lookup or of a change, and what has to happen on other loops
// is sent there.
#pragma once

#include "base/current.h"
#include "hub/channel.h"
#include "hub/connection_quota.h"
#include "hub/credentials.h"
#include "hub/presence.h"
#include "hub/sessions.h"
#include "hub/tokens.h"
#include "hub/workers.h"
#include "net/event_loops.h"
#include "net/shared_bytes.h"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

struct VhostLimits {
    TokenLimits tokens;
    std::size_t connections_max = 100000;
    std::size_t channels_max = 100000;
    WorkerLimits workers;
    RosterLimits roster;
};

enum class Joining { joined, channel_closed, roster_full, too_many_of_user };

struct ChannelSummary {
    std::string name;
    std::size_t subscribers = 0;
    std::optional<std::size_t> members; // whom others see, on a presence channel
};

struct SubscriberSummary {
    std::string sid;
    std::optional<std::string> uid;
    bool hidden = false;
    std::string data; // JSON, or empty
};

class Vhost final : public std::enable_shared_from_this<Vhost> {
  public:
    Vhost(std::string path, const std::string &access_token, EventLoops &loops,
          const VhostLimits &limits);
    Vhost(const Vhost &) = delete;
    Vhost &operator=(const Vhost &) = delete;

    const std::string &path() const { return path_; }
    // Parts that know nothing of each other, each with its own rule for threads.
    Credentials &credentials() { return credentials_; }
    const Credentials &credentials() const { return credentials_; }
    ConnectionQuota &connections() { return connections_; }
    const ConnectionQuota &connections() const { return connections_; }
    Tokens &tokens() { return tokens_; }
    const Tokens &tokens() const { return tokens_; }
    Sessions &sessions() { return sessions_; }
    const Sessions &sessions() const { return sessions_; }
    Workers &workers() { return workers_; }
    const Workers &workers() const { return workers_; }

    // What is there already stays, even if it is more than that.
    void set_limits(const VhostLimits &limits);

    // Set before the first of its channels is gone.
    bool is_dissolved() const { return dissolved_; }

    // Channels.
    std::shared_ptr<Channel> find_channel(std::string_view name) const;
    std::size_t channel_count() const;
    bool has_room_for_channels(std::size_t count) const {
        return channel_count() + count <= limits_.get()->channels_max;
    }
    std::vector<ChannelSummary> channels() const;
    // Of those whose names begin with `prefix` the first behind `after`, `limit` of them at most.
    std::vector<ChannelSummary> channels(std::string_view prefix, std::string_view after,
                                         std::size_t limit) const;
    ChannelSummary summary(const Channel &channel) const;
    std::size_t subscriber_count(const Channel &channel) const;
    // Sorted by sid, those behind `after` only, and `limit` of them at most.
    std::vector<SubscriberSummary> subscribers(const Channel &channel, std::string_view after,
                                               std::size_t limit) const;

    // A message to everyone who listens to the channel. Each hears what is published on a channel
    // in the same order as everybody else. False when the channel has been closed meanwhile.
    [[nodiscard]] bool publish(Channel &channel, std::string_view message);

    // Subscriptions; on the subscriber's loop. Every join and leave passes here; those of visible
    // members are announced, a join to the newcomer too. `welcome` makes the answer that the
    // newcomer gets before anything else, from the roster at that moment.
    Joining subscribe(const std::shared_ptr<Channel> &channel, Subscription &subscription,
                      const std::function<void(const std::string &roster)> &welcome);
    void unsubscribe(Subscription &subscription, Departure departure,
                     const JsonMembers &farewell = {});
    // The subscriber goes on as somebody else.
    void identify(Subscription &subscription, std::shared_ptr<const Permission> identity);

    // The rest is for the hub, on the thread that makes changes.
    void add_channel(std::string_view name);
    void remove_channel(std::string_view name);
    void remove_all_channels();
    // Everybody who is connected is told, and let go.
    void dissolve();

  private:
    class ChannelRemoval;
    class VhostRemoval;
    using Channels = std::map<std::string, std::shared_ptr<Channel>, std::less<>>;

    static ChannelSummary summary_locked(const Channel &channel);
    void report_locked(const Subscription &subscription, std::string_view event,
                       const std::string &payload);
    void remove_locked(const std::shared_ptr<Channel> &channel);
    void dissolve_channel_on(EventLoop &loop, Channel &channel);
    void dissolve_on(EventLoop &loop);

    const std::string path_;
    EventLoops &loops_;
    Current<VhostLimits> limits_;
    Credentials credentials_;
    ConnectionQuota connections_;
    Tokens tokens_;
    Sessions sessions_;
    Workers workers_;

    mutable std::mutex mutex_;
    Channels channels_;
    std::atomic<bool> dissolved_ = false;
};

} // namespace webrocket
