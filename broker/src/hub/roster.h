// Who is on a presence channel, the hidden too.
#pragma once

#include "hub/subscriber.h"
#include "hub/subscription_list.h"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

namespace webrocket {

struct RosterLimits {
    // Whoever joins is sent the roster in one piece, which must not make a slow consumer of it.
    std::size_t bytes_max = std::size_t{4} << 20;
    // Subscriptions of one user to one channel.
    std::size_t members_per_uid_max = 20;
};

enum class RosterRoom { enough, roster_full, too_many_of_user };

// Its channel guards it.
class Roster {
  public:
    // Asked before one is added.
    RosterRoom room_for(const Subscription &subscription, const RosterLimits &limits) const;
    // Where there is no memory nobody is there by half.
    void add(Subscription &subscription);
    // Whoever goes on as somebody else is removed before that.
    void remove(const Subscription &subscription);
    std::vector<Subscription *> take_all();

    // The entries of those who can be seen, as a JSON array.
    std::string text() const;
    // What these entries come to.
    std::size_t bytes() const { return bytes_; }
    std::size_t size() const { return everybody_.size(); }
    // How many can be seen.
    std::size_t members() const { return members_; }
    std::size_t count_of(const std::string &uid) const;

  private:
    SubscriptionList<&Subscription::position_on_roster> everybody_;
    std::unordered_map<std::string, std::size_t> count_by_uid_;
    std::size_t bytes_ = 0;
    std::size_t members_ = 0;
};

} // namespace webrocket
