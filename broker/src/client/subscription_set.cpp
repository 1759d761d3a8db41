#include "client/subscription_set.h"

#include "hub/channel.h"

#include <algorithm>
#include <utility>

namespace webrocket {

SubscriptionSet::Subscriptions::const_iterator
SubscriptionSet::place_of(std::string_view channel) const {
    return std::lower_bound(
        by_name_.begin(), by_name_.end(), channel,
        [](const auto &held, std::string_view name) { return held->channel->name() < name; });
}

Subscription *SubscriptionSet::find(std::string_view channel) const {
    const auto place = place_of(channel);
    return place != by_name_.end() && (*place)->channel->name() == channel ? place->get() : nullptr;
}

std::size_t SubscriptionSet::held_bytes() const {
    std::size_t bytes = 0;
    for (const auto &subscription : by_name_)
        bytes += subscription->held.bytes();
    return bytes;
}

void SubscriptionSet::make_room_for_one() {
    if (by_name_.size() == by_name_.capacity())
        by_name_.reserve(std::max<std::size_t>(1, 2 * by_name_.capacity()));
}

void SubscriptionSet::add(std::unique_ptr<Subscription> subscription) {
    const auto place = place_of(subscription->channel->name());
    by_name_.insert(place, std::move(subscription));
}

void SubscriptionSet::remove(const Subscription &subscription) {
    const auto place = place_of(subscription.channel->name());
    if (place != by_name_.end() && place->get() == &subscription)
        by_name_.erase(place);
}

} // namespace webrocket
