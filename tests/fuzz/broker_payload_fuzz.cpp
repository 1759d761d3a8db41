// What the broker lays over a sender's data: the result is one line of JSON in which the broker's
// words stand, and everything else as it was written.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "expect.hpp"
#include "json.h"
#include "payload.h"

namespace {

constexpr std::string_view channel = "\"greetings\"";
constexpr std::string_view sid = "\"45c74051\"";

bool is_the_broker_s(const webrocket::JsonMember &member) {
    return webrocket::json_key_is(member.key, "channel") ||
           webrocket::json_key_is(member.key, "sid");
}

std::string on_one_line(std::string_view text) {
    std::string line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return line;
}

std::vector<webrocket::JsonMember> members_of(std::string_view object) {
    const auto members = webrocket::scan_json_object(object);
    expect(members.has_value());
    return *members;
}

void expect_line(std::string_view text) {
    expect(text.find_first_of("\r\n") == std::string_view::npos);
}

void expect_overlaid(std::string_view object) {
    const std::string payload =
        webrocket::overlay_payload(object, {{"channel", channel}, {"sid", sid}});
    expect_line(payload);
    const auto given = object.empty() ? std::vector<webrocket::JsonMember>() : members_of(object);
    const auto laid = members_of(payload);
    std::size_t at = 0;
    for (const auto &member : given) {
        if (is_the_broker_s(member))
            continue;
        expect(at < laid.size() && laid[at].key == member.key && laid[at].type == member.type &&
               laid[at].value == on_one_line(member.value));
        ++at;
    }
    expect(laid.size() == at + 2 && laid[at].value == channel && laid[at + 1].value == sid);
    const std::string message = webrocket::event_message("\"hello\"", payload);
    expect_line(message);
    const auto envelope = webrocket::scan_json_object(message);
    // Data may be nested so deep that there is no room for the envelope.
    if (envelope)
        expect(envelope->size() == 1 && envelope->front().value == payload);
}

void expect_merged(std::string_view object, std::string_view over) {
    const std::string merged = webrocket::merge_objects(object, over);
    expect_line(merged);
    const auto all = members_of(merged);
    const auto winners = over.empty() ? std::vector<webrocket::JsonMember>() : members_of(over);
    const auto before = object.empty() ? std::vector<webrocket::JsonMember>() : members_of(object);
    for (const auto &member : all) {
        const std::string key = webrocket::decode_json_string(member.key);
        const webrocket::JsonMember *winner = webrocket::find_member(winners, key);
        const webrocket::JsonMember *loser = webrocket::find_member(before, key);
        expect(winner != nullptr || loser != nullptr);
        const webrocket::JsonMember *last = webrocket::find_member(all, key);
        expect(last->value == on_one_line((winner != nullptr ? winner : loser)->value));
    }
    for (const auto &some : {winners, before}) {
        for (const auto &member : some)
            expect(webrocket::find_member(all, webrocket::decode_json_string(member.key)) !=
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
    expect_overlaid(object);
    if (is_object(over))
        expect_merged(object, over);
    return 0;
}
