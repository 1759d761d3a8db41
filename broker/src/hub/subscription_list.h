// Subscriptions in no particular order, each of which knows its place: one that goes is not
// searched for.
#pragma once

#include "hub/subscriber.h"

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace webrocket {

// `position` is the place that they know. A subscription is in one list of a kind at a time.
template <std::size_t Subscription::*position>
class SubscriptionList {
  public:
    // The next add() needs no memory then.
    void make_room_for_one() {
        if (list_.size() == list_.capacity())
            list_.reserve(std::max<std::size_t>(8, 2 * list_.capacity()));
    }
    void add(Subscription &subscription) {
        make_room_for_one();
        subscription.*position = list_.size();
        list_.push_back(&subscription);
    }
    // The last one takes the place of the one that goes. Nothing happens if it is not there.
    void remove(const Subscription &subscription) {
        const std::size_t place = subscription.*position;
        if (place >= list_.size() || list_[place] != &subscription)
            return;
        list_[place] = list_.back();
        list_[place]->*position = place;
        list_.pop_back();
    }
    std::vector<Subscription *> take_all() { return std::exchange(list_, {}); }

    bool empty() const { return list_.empty(); }
    std::size_t size() const { return list_.size(); }
    auto begin() const { return list_.begin(); }
    auto end() const { return list_.end(); }

  private:
    std::vector<Subscription *> list_;
};

} // namespace webrocket
