#include "presence.h"

#include "json.h"
#include "payload.h"

namespace webrocket {
namespace {

std::string entry(const Channel &channel, const std::string &uid, std::string_view data) {
    return overlay_payload(data,
                           {{"uid", json_string(uid)}, {"channel", json_string(channel.name())}});
}

} // namespace

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

Frame member_joined(const Member &member) {
    return websocket_text(event_message(R"(":memberJoined")", member.entry));
}

Frame member_left(const Channel &channel, const Member &member, std::string_view farewell) {
    const std::string data = merge_objects(member.entry, farewell);
    return websocket_text(event_message(R"(":memberLeft")", entry(channel, member.uid, data)));
}

} // namespace webrocket
