// The open channels of a vhost, by name.
#pragma once

#include "base/current.h"
#include "hub/channel.h"
#include "hub/fan_out_budget.h"
#include "hub/roster.h"
#include "hub/workers.h"
#include "net/event_loops.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

struct ChannelLimits {
    std::size_t channels_max = 100000;
    RosterLimits roster;
};

// Any thread may look something up. A lock guards the names; nothing is done with a channel while
// it is held.
class ChannelDirectory {
  public:
    ChannelDirectory(EventLoops &loops, Workers &workers, FanOutBudget &budget,
                     const ChannelLimits &limits)
        : loops_(loops), workers_(workers), budget_(budget), channels_max_(limits.channels_max),
          roster_limits_(limits.roster) {}
    ChannelDirectory(const ChannelDirectory &) = delete;
    ChannelDirectory &operator=(const ChannelDirectory &) = delete;

    // What is there already stays, even if it is more than that.
    void set_limits(const ChannelLimits &limits);

    // Null if there is none that is open. It may be closed a moment later.
    std::shared_ptr<Channel> find(std::string_view name) const;
    std::size_t count() const;
    // What may be published on all of them.
    const FanOutBudget &budget() const { return budget_; }
    bool has_room_for(std::size_t more) const { return count() + more <= channels_max_; }
    // Sorted by name.
    std::vector<ChannelSummary> list() const;
    // Of those whose names begin with `prefix` the first behind `after`, `limit` of them at most.
    std::vector<ChannelSummary> list(std::string_view prefix, std::string_view after,
                                     std::size_t limit) const;

    // On the thread that makes changes. A channel that is closed is let go of once that is done:
    // one of its name is opened after its end.
    void open(std::string_view name);
    void close(std::string_view name);
    void close_all();
    void close_with_vhost();

  private:
    using Channels = std::map<std::string, std::shared_ptr<Channel>, std::less<>>;

    void forget_all();

    EventLoops &loops_;
    Workers &workers_;
    FanOutBudget &budget_;
    std::atomic<std::size_t> channels_max_;
    Current<RosterLimits> roster_limits_;

    mutable std::shared_mutex mutex_;
    Channels channels_;
};

} // namespace webrocket
