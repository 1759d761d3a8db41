// What a session listens to, by the name of the channel.
#pragma once

#include "hub/subscriber.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace webrocket {

// One for each name. Sorted by it, so that the page's own word for a channel finds it without
// asking anybody else.
class SubscriptionSet {
  public:
    using Subscriptions = std::vector<std::unique_ptr<Subscription>>;

    std::size_t size() const { return by_name_.size(); }
    // Of memory, all of them together.
    std::size_t held_bytes() const;
    // Null if there is none.
    Subscription *find(std::string_view channel) const;

    // The next add() needs no memory then.
    void make_room_for_one();
    void add(std::unique_ptr<Subscription> subscription);
    void remove(const Subscription &subscription);
    Subscriptions take_all() { return std::exchange(by_name_, {}); }
    // Where the question cannot be answered for want of memory, the others are still there.
    template <typename Predicate>
    void remove_if(const Predicate &predicate) {
        for (auto place = by_name_.begin(); place != by_name_.end();)
            place = predicate(**place) ? by_name_.erase(place) : place + 1;
    }

  private:
    Subscriptions::const_iterator place_of(std::string_view channel) const;

    Subscriptions by_name_;
};

} // namespace webrocket
