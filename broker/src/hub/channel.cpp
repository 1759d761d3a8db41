#include "hub/channel.h"

#include <algorithm>
#include <array>
#include <utility>

namespace webrocket {
namespace {

// The last one takes the place of the one that goes.
void take_out(std::vector<Subscription *> &list, std::size_t Subscription::*position,
              Subscription &subscription) {
    Subscription *last = list.back();
    list[subscription.*position] = last;
    last->*position = subscription.*position;
    list.pop_back();
}

void make_room_for_one(std::vector<Subscription *> &list) {
    if (list.size() == list.capacity())
        list.reserve(std::max<std::size_t>(8, 2 * list.capacity()));
}

std::size_t entry_size(const Subscription &subscription) {
    return subscription.member ? subscription.member->entry.size() : 0;
}

} // namespace

// Where there is no memory nobody is on the channel by half.
void Channel::add(Subscription &subscription) {
    auto &listeners = on_loop_[subscription.subscriber->loop().index()];
    make_room_for_one(listeners);
    make_room_for_one(subscriptions_);
    if (type_ == ChannelType::presence)
        ++subscriptions_by_uid_[subscription.identity->uid];
    subscription.channel = shared_from_this();
    subscription.since = last_number_;
    subscription.position = subscriptions_.size();
    subscription.position_on_loop = listeners.size();
    listeners.push_back(&subscription);
    subscriptions_.push_back(&subscription);
    roster_bytes_ += entry_size(subscription);
    members_ += subscription.member ? 1 : 0;
}

std::size_t Channel::subscriptions_of(const std::string &uid) const {
    const auto found = subscriptions_by_uid_.find(uid);
    return found == subscriptions_by_uid_.end() ? 0 : found->second;
}

// Whoever goes on as somebody else leaves the presence channels first.
void Channel::forget(const std::string &uid) {
    const auto found = subscriptions_by_uid_.find(uid);
    if (--found->second == 0)
        subscriptions_by_uid_.erase(found);
}

void Channel::remove(Subscription &subscription) {
    roster_bytes_ -= entry_size(subscription);
    members_ -= subscription.member ? 1 : 0;
    if (type_ == ChannelType::presence)
        forget(subscription.identity->uid);
    take_out(on_loop_[subscription.subscriber->loop().index()], &Subscription::position_on_loop,
             subscription);
    take_out(subscriptions_, &Subscription::position, subscription);
}

void Channel::receive(std::span<const Letter> letters, EventLoop &loop) {
    std::array<Frame, letters_max> frames;
    std::transform(letters.begin(), letters.end(), frames.begin(),
                   [](const Letter &letter) { return Frame(letter.bytes); });
    for (const Subscription *subscription : on_loop_[loop.index()]) {
        for (std::size_t i = 0; i < letters.size(); ++i) {
            if (subscription->since < letters[i].number)
                subscription->subscriber->deliver(frames[i]);
        }
    }
}

std::vector<Subscription *> Channel::take_listeners_of(std::size_t loop) {
    const std::vector<Subscription *> listeners = on_loop_[loop];
    for (Subscription *subscription : listeners)
        remove(*subscription);
    return listeners;
}

} // namespace webrocket
