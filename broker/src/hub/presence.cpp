#include "hub/presence.h"

#include "hub/channel.h"
#include "hub/payload.h"

namespace webrocket {
namespace {

Sender sender_of(const Subscription &subscription) {
    const auto &identity = subscription.identity;
    return {subscription.subscriber->sid(), identity ? &identity->uid : nullptr};
}

} // namespace

std::string_view name_of(Departure departure) {
    switch (departure) {
    case Departure::left:
        return "left";
    case Departure::closed:
        return "closed";
    case Departure::lost:
        return "lost";
    case Departure::removed:
        return "removed";
    }
    return "lost";
}

Member make_member(const Channel &channel, const std::string &uid, const JsonMembers &data) {
    return {uid, member_entry(data, uid, channel.name())};
}

std::string member_joined(const Member &member) { return member_joined_message(member.entry); }

std::string member_left(const Subscription &subscription, const JsonMembers &farewell) {
    return member_left_message(known_object(subscription.data), farewell, subscription.member->uid,
                               subscription.channel->name());
}

std::string joined_report(const Subscription &subscription) {
    return joined_payload(subscription.channel->name(), sender_of(subscription),
                          subscription.hidden, known_object(subscription.data));
}

std::string left_report(const Subscription &subscription, Departure departure,
                        const JsonMembers &farewell) {
    return left_payload(subscription.channel->name(), sender_of(subscription), subscription.hidden,
                        known_object(subscription.data), farewell, name_of(departure));
}

} // namespace webrocket
