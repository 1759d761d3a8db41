// What pages and workers are sent of a sender's data: one line of JSON in which the names that are
// the broker's say what the broker says, or are not there, and everything else stands as it was
// written.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "expect.hpp"
#include "hub/payload.h"

namespace {

constexpr std::string_view channel = "greetings";
constexpr std::string_view sid = "45c74051";
const std::string uid = "nu7hatch";

bool is_the_broker_s(const webrocket::JsonMember &member) {
    return webrocket::json_key_is(member.key, "channel") ||
           webrocket::json_key_is(member.key, "sid") || webrocket::json_key_is(member.key, "uid");
}

std::string on_one_line(std::string_view text) {
    std::string line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return line;
}

webrocket::JsonDocument members_of(std::string_view object) {
    auto members = webrocket::scan_json_object(object);
    expect(members.has_value());
    return std::move(*members);
}

void expect_line(std::string_view text) {
    expect(text.find_first_of("\r\n") == std::string_view::npos);
}

// `words` are those of the broker that the payload ends with, in their order.
void expect_payload(std::string_view payload, const webrocket::JsonMembers &given,
                    const std::vector<std::string> &words) {
    expect_line(payload);
    const auto found = members_of(payload).list;
    std::size_t at = 0;
    for (const auto &member : given) {
        if (is_the_broker_s(member))
            continue;
        expect(at < found.size() && found[at].key == member.key && found[at].type == member.type &&
               found[at].value == on_one_line(member.value));
        ++at;
    }
    expect(found.size() == at + words.size());
    for (const auto &word : words)
        expect(found[at++].value == webrocket::json_string(word));
}

// The payload of a record.
void expect_record(std::string_view record, const webrocket::JsonMembers &given,
                   const std::vector<std::string> &words) {
    constexpr std::string_view beginning = "event: topic\ndata: ";
    constexpr std::string_view end = "\n\n";
    expect(record.starts_with(beginning) && record.ends_with(end));
    record.remove_prefix(beginning.size());
    record.remove_suffix(end.size());
    expect_payload(record, given, words);
}

// The payload of a message; nothing where data is nested so deep that no room is for the envelope.
void expect_message(std::string_view message, const webrocket::JsonMembers &given,
                    const std::vector<std::string> &words) {
    expect_line(message);
    const auto envelope = webrocket::scan_json_object(message);
    if (!envelope)
        return;
    expect(envelope->list.size() == 1);
    expect_payload(envelope->list.front().value, given, words);
}

void expect_payloads(std::string_view object) {
    const auto given = webrocket::known_object(object);
    const std::string channel_word(channel);
    const std::string sid_word(sid);
    expect_message(webrocket::broadcast_message("\"hello\"", given, channel, sid), given,
                   {channel_word, sid_word});
    expect_payload(webrocket::member_entry(given, uid, channel), given, {uid, channel_word});
    const webrocket::Sender sender{sid, &uid};
    expect_record(webrocket::event_record("topic", given, channel, sender), given,
                  {channel_word, sid_word, uid});
    expect_record(webrocket::event_record("topic", given, {}, sender), given, {sid_word, uid});
}

void expect_merged(std::string_view object, std::string_view over) {
    const auto before = webrocket::known_object(object);
    const auto winners = webrocket::known_object(over);
    const std::string message = webrocket::member_left_message(before, winners, uid, channel);
    expect_line(message);
    const auto envelope = webrocket::scan_json_object(message);
    if (!envelope)
        return;
    const auto all = members_of(envelope->list.front().value);
    for (const auto &member : all.list) {
        if (is_the_broker_s(member))
            continue;
        const std::string key = webrocket::decode_json_string(member.key);
        const webrocket::JsonMember *winner = webrocket::find_member(winners, key);
        const webrocket::JsonMember *loser = webrocket::find_member(before, key);
        expect(winner != nullptr || loser != nullptr);
        const webrocket::JsonMember *last = webrocket::find_member(all, key);
        expect(last->value == on_one_line((winner != nullptr ? winner : loser)->value));
    }
    for (const auto *some : {&winners, &before}) {
        for (const auto &member : some->list)
            expect(webrocket::json_key_is(member.key, "sid") ||
                   webrocket::find_member(all, webrocket::decode_json_string(member.key)) !=
                       nullptr);
    }
}

bool is_object(std::string_view text) {
    return text.empty() || webrocket::scan_json_object(text).has_value();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char *>(data), size);
    // Two objects, with a NUL between them.
    const std::size_t end = std::min(input.find('\0'), input.size());
    const std::string object(input.substr(0, end));
    const std::string over(input.substr(std::min(end + 1, input.size())));
    if (!is_object(object))
        return 0;
    expect_payloads(object);
    if (is_object(over))
        expect_merged(object, over);
    return 0;
}
