// Who is on a presence channel: what its subscribers are told about it, and what workers are.
#pragma once

#include "base/json.h"
#include "hub/subscriber.h"

#include <string>
#include <string_view>

namespace webrocket {

// Why somebody is on a channel no more.
enum class Departure {
    left,    // it unsubscribed, or goes on as somebody else
    closed,  // it took leave of the broker, or its browser did so for it
    lost,    // its connection broke, or was dropped for what came over it
    removed, // the channel is gone
};

std::string_view name_of(Departure departure);

// `data` is what the member says about itself.
Member make_member(const Channel &channel, const std::string &uid, const JsonMembers &data);

// Messages to pages.
std::string member_joined(const Member &member);
// Of a subscription with a member.
std::string member_left(const Subscription &subscription, const JsonMembers &farewell);

// What workers hear, of hidden subscribers too. No browser can name such an event.
inline constexpr std::string_view joined_event = ":joined";
inline constexpr std::string_view left_event = ":left";
std::string joined_report(const Subscription &subscription);
std::string left_report(const Subscription &subscription, Departure departure,
                        const JsonMembers &farewell);

} // namespace webrocket
