#include "channel.h"

namespace webrocket {

void Channel::add(Subscription &subscription) {
    subscription.channel = this;
    subscription.position = subscriptions_.size();
    subscriptions_.push_back(&subscription);
}

void Channel::remove(Subscription &subscription) {
    Subscription *last = subscriptions_.back();
    subscriptions_[subscription.position] = last;
    last->position = subscription.position;
    subscriptions_.pop_back();
    subscription.channel = nullptr;
}

void Channel::deliver(const Frame &frame) {
    for (const Subscription *subscription : subscriptions_)
        subscription->subscriber->deliver(frame);
}

void Channel::dissolve() {
    const auto subscriptions = std::move(subscriptions_);
    subscriptions_.clear();
    for (Subscription *subscription : subscriptions)
        subscription->subscriber->channel_removed(*subscription);
}

} // namespace webrocket
