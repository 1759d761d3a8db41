#include "hub/payload.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <span>

namespace webrocket {
namespace {

// The names that are the broker's at the top of what a page says.
constexpr std::array<std::string_view, 3> names_of_the_broker = {"channel", "sid", "uid"};

constexpr std::string_view channel_name = R"("channel":)";
constexpr std::string_view sid_name = R"("sid":)";
constexpr std::string_view uid_name = R"("uid":)";

// More than what the broker adds to data, channel, sid, uid and the name of an event.
constexpr std::size_t room_for_words = 96;

// Valid JSON has line breaks only between tokens, where a space means the same.
void append_on_one_line(std::string &out, const JsonMember &member) {
    const auto start = static_cast<std::ptrdiff_t>(out.size());
    out.append(member.value);
    if (member.has_line_end)
        std::replace_if(
            out.begin() + start, out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
}

// Members as they were written one behind the other, to be copied in one go.
class Run {
  public:
    bool empty() const { return text_.empty(); }
    std::string_view text() const { return text_; }
    void clear() { text_ = {}; }

    // False where the member is written in another way, or elsewhere.
    bool add(const JsonMember &member) {
        const char *const colon = member.key.data() + member.key.size();
        if (member.has_line_end || member.value.data() != colon + 1)
            return false;
        const char *const comma = text_.data() + text_.size();
        if (!empty() && (*comma != ',' || member.key.data() != comma + 1))
            return false;
        const char *const start = empty() ? member.key.data() : text_.data();
        const char *const end = member.value.data() + member.value.size();
        text_ = {start, static_cast<std::size_t>(end - start)};
        return true;
    }

  private:
    std::string_view text_; // of a longer one: there is something behind it
};

// An object on one line, without a space between what is at its top.
class ObjectWriter {
  public:
    explicit ObjectWriter(std::string &out) : out_(out) { out_.push_back('{'); }

    // As they were written, but for those with one of the names.
    void add_all_but(std::span<const std::string_view> names, const JsonMembers &members) {
        Run run;
        for (const auto &member : members) {
            if (has_name(member, names) || run.add(member))
                continue;
            write(run);
            if (!run.add(member))
                write(member);
        }
        write(run);
    }

    // A name comes with its quotes and its colon.
    void add(std::string_view name, std::string_view text) {
        begin_member(name);
        append_json_string(out_, text);
    }

    // null where there is none.
    void add(std::string_view name, const std::string *text) {
        if (text != nullptr)
            return add(name, std::string_view(*text));
        begin_member(name);
        out_.append("null");
    }

    void end() { out_.push_back('}'); }

  private:
    static bool has_name(const JsonMember &member, std::span<const std::string_view> names) {
        return std::any_of(names.begin(), names.end(),
                           [&member](std::string_view name) { return is_called(member, name); });
    }

    void write(Run &run) {
        if (run.empty())
            return;
        separate();
        out_.append(run.text());
        run.clear();
    }

    void write(const JsonMember &member) {
        separate();
        out_.append(member.key).append(1, ':');
        append_on_one_line(out_, member);
    }

    void begin_member(std::string_view name) {
        separate();
        out_.append(name);
    }

    void separate() {
        if (!is_empty_)
            out_.push_back(',');
        is_empty_ = false;
    }

    std::string &out_;
    bool is_empty_ = true;
};

std::size_t size_of(const JsonMembers &members) {
    std::size_t size = 0;
    for (const auto &member : members)
        size += member.key.size() + member.value.size() + 2;
    return size;
}

std::size_t size_of_uid(const Sender &sender) {
    return sender.uid != nullptr ? sender.uid->size() : 0;
}

// The members of `under`, except those that `over` has too, and those of `over`.
JsonDocument merged(const JsonMembers &under, const JsonMembers &over) {
    std::set<std::string> won;
    for (const auto &member : over)
        won.insert(decode_json_string(member.key));
    JsonDocument all;
    const auto add = [&all](const JsonMember &member) {
        all.list.push_back(member);
        all.list.back().listed_inside = 0;
    };
    for (const auto &member : under) {
        if (!won.contains(decode_json_string(member.key)))
            add(member);
    }
    std::for_each(over.begin(), over.end(), add);
    return all;
}

// `event` is JSON text with its quotes.
std::string message_about(std::string_view event, std::size_t size_expected) {
    std::string out;
    out.reserve(event.size() + size_expected + room_for_words);
    out.append(1, '{').append(event).append(1, ':');
    return out;
}

std::string message(std::string_view event, std::string_view payload) {
    std::string out = message_about(event, payload.size());
    out.append(payload).push_back('}');
    return out;
}

// All of a record but its first line.
std::string record_about(std::string_view topic, std::size_t size_expected) {
    constexpr std::string_view event_field = "event: ";
    constexpr std::string_view data_field = "\ndata: ";
    std::string out;
    out.reserve(topic.size() + size_expected + room_for_words);
    out.append(event_field).append(topic).append(data_field);
    return out;
}

void end_record(std::string &out) { out.append("\n\n"); }

std::string message_with(std::string_view event, std::string_view key, std::string_view text) {
    return fmt::format(R"({{"{}":{{"{}":{}}}}})", event, key, json_string(text));
}

// `ending` are further members.
std::string presence_payload(std::string_view channel, const Sender &who, bool hidden,
                             const JsonMembers &data, std::string_view ending) {
    std::string out;
    out.reserve(channel.size() + who.sid.size() + size_of_uid(who) + size_of(data) + ending.size() +
                room_for_words);
    ObjectWriter payload(out);
    payload.add(channel_name, channel);
    payload.add(sid_name, who.sid);
    payload.add(uid_name, who.uid);
    out.append(hidden ? R"(,"hidden":true,"data":)" : R"(,"hidden":false,"data":)");
    ObjectWriter said(out);
    said.add_all_but({}, data);
    said.end();
    out.append(ending);
    payload.end();
    return out;
}

} // namespace

JsonDocument known_object(std::string_view object) {
    return object.empty() ? JsonDocument() : scan_json_object(object).value_or(JsonDocument());
}

std::string broadcast_message(std::string_view event, const JsonMembers &data,
                              std::string_view channel, std::string_view sid) {
    std::string out = message_about(event, size_of(data) + channel.size() + sid.size());
    ObjectWriter payload(out);
    payload.add_all_but(names_of_the_broker, data);
    payload.add(channel_name, channel);
    payload.add(sid_name, sid);
    payload.end();
    out.push_back('}');
    return out;
}

std::string trigger_message(std::string_view event, const JsonMembers &data,
                            std::string_view channel) {
    static constexpr std::array<std::string_view, 1> only_the_channel = {"channel"};
    std::string out = message_about(event, size_of(data) + channel.size());
    ObjectWriter payload(out);
    payload.add_all_but(only_the_channel, data);
    payload.add(channel_name, channel);
    payload.end();
    out.push_back('}');
    return out;
}

std::string member_entry(const JsonMembers &data, std::string_view uid, std::string_view channel) {
    std::string out;
    out.reserve(size_of(data) + uid.size() + channel.size() + room_for_words);
    ObjectWriter entry(out);
    entry.add_all_but(names_of_the_broker, data);
    entry.add(uid_name, uid);
    entry.add(channel_name, channel);
    entry.end();
    return out;
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

std::string error_message(int code, std::string_view status, std::string_view ref,
                          std::int64_t retry_after_ms) {
    std::string text =
        fmt::format(R"({{":error":{{"code":{},"status":{})", code, json_string(status));
    if (!ref.empty())
        text.append(R"(,"ref":)").append(json_string(ref));
    if (retry_after_ms > 0)
        text.append(fmt::format(R"(,"retry_after_ms":{})", retry_after_ms));
    return text + "}}";
}

std::string accepted_message(const std::vector<std::string> &refs,
                             const std::vector<std::string> &unkept) {
    // What a reference is made of needs no escapes.
    std::string text = fmt::format(R"({{":accepted":{{"refs":["{}"])", fmt::join(refs, R"(",")"));
    if (!unkept.empty())
        text.append(fmt::format(R"(,"unkept":["{}"])", fmt::join(unkept, R"(",")")));
    return text + "}}";
}

std::string event_record(std::string_view topic, const JsonMembers &data, std::string_view channel,
                         const Sender &sender) {
    std::string out = record_about(topic, size_of(data) + channel.size() + sender.sid.size() +
                                              size_of_uid(sender));
    ObjectWriter payload(out);
    payload.add_all_but(names_of_the_broker, data);
    if (!channel.empty())
        payload.add(channel_name, channel);
    payload.add(sid_name, sender.sid);
    payload.add(uid_name, sender.uid);
    payload.end();
    end_record(out);
    return out;
}

std::string report_record(std::string_view topic, std::string_view payload) {
    std::string out = record_about(topic, payload.size());
    out.append(payload);
    end_record(out);
    return out;
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
