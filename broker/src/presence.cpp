#include "presence.h"

#include "json.h"
#include "payload.h"

#include <fmt/format.h>

namespace webrocket {
namespace {

std::string entry(const Channel &channel, const std::string &uid, std::string_view data) {
    return overlay_payload(data,
                           {{"uid", json_string(uid)}, {"channel", json_string(channel.name())}});
}

std::string report(const Subscription &subscription, std::string_view data,
                   std::string_view ending) {
    const auto &identity = subscription.identity;
    return fmt::format(R"({{"channel":{},"sid":"{}","uid":{},"hidden":{},"data":{}{}}})",
                       json_string(subscription.channel->name()), subscription.subscriber->sid(),
                       identity ? json_string(identity->uid) : "null", subscription.hidden, data,
                       ending);
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

Member make_member(const Channel &channel, const std::string &uid, std::string_view data) {
    return {uid, entry(channel, uid, data)};
}

std::string roster(const Channel &channel) {
    std::string entries = "[";
    for (const Subscription *subscription : channel.subscriptions()) {
        if (!subscription->member)
            continue;
        if (entries.size() > 1)
            entries.push_back(',');
        entries.append(subscription->member->entry);
    }
    entries.push_back(']');
    return entries;
}

std::string member_joined(const Member &member) {
    return websocket_text(event_message(R"(":memberJoined")", member.entry));
}

std::string member_left(const Channel &channel, const Member &member, std::string_view farewell) {
    const std::string data = merge_objects(member.entry, farewell);
    return websocket_text(event_message(R"(":memberLeft")", entry(channel, member.uid, data)));
}

std::string joined_report(const Subscription &subscription) {
    return report(subscription, merge_objects(subscription.data, {}), {});
}

std::string left_report(const Subscription &subscription, Departure departure,
                        std::string_view farewell) {
    return report(subscription, merge_objects(subscription.data, farewell),
                  fmt::format(R"(,"reason":"{}")", name_of(departure)));
}

} // namespace webrocket
