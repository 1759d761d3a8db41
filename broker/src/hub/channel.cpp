#include "hub/channel.h"

namespace webrocket {

std::vector<Subscription *> Channel::close() {
    closed_ = true;
    return roster_.take_all();
}

// Where there is no memory nobody is on the channel by half.
void Channel::add(Subscription &subscription) {
    fan_out_.make_room_for(subscription);
    if (type_ == ChannelType::presence)
        roster_.add(subscription);
    subscription.channel = shared_from_this();
    fan_out_.add(subscription);
}

void Channel::remove(Subscription &subscription) {
    fan_out_.remove(subscription);
    if (type_ == ChannelType::presence && !closed_)
        roster_.remove(subscription);
}

} // namespace webrocket
