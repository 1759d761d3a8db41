#include "hub/payload.h"

#include <algorithm>
#include <fmt/format.h>
#include <initializer_list>
#include <set>
#include <utility>

namespace webrocket {
namespace {

// Valid JSON has line breaks only between tokens, where a space means the same.
void append_on_one_line(std::string &out, std::string_view json) {
    const auto start = static_cast<std::ptrdiff_t>(out.size());
    out.append(json);
    for (const char line_end : {'\n', '\r'}) {
        if (json.find(line_end) != std::string_view::npos)
            std::replace(out.begin() + start, out.end(), line_end, ' ');
    }
}

class ObjectWriter {
  public:
    explicit ObjectWriter(std::size_t size_expected) { out_.reserve(size_expected); }

    // Both are JSON text, the key with its quotes.
    void add(std::string_view key, std::string_view value) {
        out_.append(1, out_.empty() ? '{' : ',').append(key).append(1, ':');
        append_on_one_line(out_, value);
    }

    std::string finish() && {
        out_.append(out_.empty() ? "{}" : "}");
        return std::move(out_);
    }

  private:
    std::string out_;
};

// One of the names that are the broker's in a payload.
struct ReservedName {
    std::string_view key;
    std::string value; // JSON text; empty: the payload has no such member
};

std::size_t size_of(const JsonMembers &members) {
    std::size_t size = 0;
    for (const auto &member : members)
        size += member.key.size() + member.value.size() + 2;
    return size;
}

// The members of `data` as they were written, but for those of a reserved name, of which the
// broker's word takes the place.
std::string overlay(const JsonMembers &data, std::initializer_list<ReservedName> names) {
    ObjectWriter writer(size_of(data) + 128);
    for (const auto &member : data) {
        const bool is_reserved =
            std::any_of(names.begin(), names.end(), [&member](const ReservedName &name) {
                return json_key_is(member.key, name.key);
            });
        if (!is_reserved)
            writer.add(member.key, member.value);
    }
    for (const auto &name : names) {
        if (!name.value.empty())
            writer.add('"' + std::string(name.key) + '"', name.value);
    }
    return std::move(writer).finish();
}

// The members of `under`, except those that `over` has too, and those of `over`.
JsonDocument merged(const JsonMembers &under, const JsonMembers &over) {
    std::set<std::string> won;
    for (const auto &member : over)
        won.insert(decode_json_string(member.key));
    JsonDocument all;
    const auto add = [&all](const JsonMember &member) {
        all.list.push_back({member.key, member.value, member.type});
    };
    for (const auto &member : under) {
        if (!won.contains(decode_json_string(member.key)))
            add(member);
    }
    std::for_each(over.begin(), over.end(), add);
    return all;
}

std::string quoted_uid(const Sender &sender) {
    return sender.uid != nullptr ? json_string(*sender.uid) : "null";
}

std::string message(std::string_view event, std::string_view payload) {
    std::string out;
    out.reserve(event.size() + payload.size() + 3);
    out.append(1, '{').append(event).append(1, ':').append(payload).append(1, '}');
    return out;
}

std::string message_with(std::string_view event, std::string_view key, std::string_view text) {
    return fmt::format(R"({{"{}":{{"{}":{}}}}})", event, key, json_string(text));
}

std::string presence_payload(std::string_view channel, const Sender &who, bool hidden,
                             const JsonMembers &data, std::string_view ending) {
    return fmt::format(R"({{"channel":{},"sid":{},"uid":{},"hidden":{},"data":{}{}}})",
                       json_string(channel), json_string(who.sid), quoted_uid(who), hidden,
                       overlay(data, {}), ending);
}

} // namespace

JsonDocument known_object(std::string_view object) {
    return object.empty() ? JsonDocument() : scan_json_object(object).value_or(JsonDocument());
}

std::string broadcast_message(std::string_view event, const JsonMembers &data,
                              std::string_view channel, std::string_view sid) {
    return message(
        event,
        overlay(data, {{"channel", json_string(channel)}, {"sid", json_string(sid)}, {"uid", {}}}));
}

std::string trigger_message(std::string_view event, const JsonMembers &data,
                            std::string_view channel) {
    return message(event, overlay(data, {{"channel", json_string(channel)}}));
}

std::string member_entry(const JsonMembers &data, std::string_view uid, std::string_view channel) {
    return overlay(data,
                   {{"uid", json_string(uid)}, {"channel", json_string(channel)}, {"sid", {}}});
}

std::string member_joined_message(std::string_view entry) {
    return message(R"(":memberJoined")", entry);
}

std::string member_left_message(const JsonMembers &data, const JsonMembers &farewell,
                                std::string_view uid, std::string_view channel) {
    return message(R"(":memberLeft")", member_entry(merged(data, farewell), uid, channel));
}

std::string connected_message(std::string_view sid) {
    return message_with(":connected", "sid", sid);
}

std::string authenticated_message() { return message(R"(":authenticated")", "{}"); }

std::string closed_message(std::string_view sid) { return message_with(":closed", "sid", sid); }

std::string subscribed_message(std::string_view channel, const std::string *uid,
                               std::string_view roster) {
    std::string text = R"({":subscribed":{"channel":)" + json_string(channel);
    if (uid != nullptr)
        text.append(R"(,"uid":)").append(json_string(*uid));
    if (!roster.empty())
        text.append(R"(,"subscribers":)").append(roster);
    return text + "}}";
}

std::string unsubscribed_message(std::string_view channel) {
    return message_with(":unsubscribed", "channel", channel);
}

std::string error_message(int code, std::string_view status) {
    return fmt::format(R"({{":error":{{"code":{},"status":{}}}}})", code, json_string(status));
}

std::string event_payload(const JsonMembers &data, std::string_view channel, const Sender &sender) {
    return overlay(data, {{"channel", channel.empty() ? std::string() : json_string(channel)},
                          {"sid", json_string(sender.sid)},
                          {"uid", quoted_uid(sender)}});
}

std::string joined_payload(std::string_view channel, const Sender &who, bool hidden,
                           const JsonMembers &data) {
    return presence_payload(channel, who, hidden, data, {});
}

std::string left_payload(std::string_view channel, const Sender &who, bool hidden,
                         const JsonMembers &data, const JsonMembers &farewell,
                         std::string_view reason) {
    return presence_payload(channel, who, hidden, merged(data, farewell),
                            R"(,"reason":)" + json_string(reason));
}

} // namespace webrocket
