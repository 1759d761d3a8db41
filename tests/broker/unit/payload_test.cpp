// What pages and workers are told, and in whose words.
#include "hub/payload.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using webrocket::broadcast_message;
using webrocket::event_record;
using webrocket::joined_payload;
using webrocket::known_object;
using webrocket::left_payload;
using webrocket::member_entry;
using webrocket::member_joined_message;
using webrocket::member_left_message;
using webrocket::Sender;
using webrocket::trigger_message;

const std::string alice = "al\"ice";
const Sender sender{"s-1", &alice};
const Sender nobody{"s-1", nullptr};

std::string broadcast(std::string_view data) {
    return broadcast_message("\"e\"", known_object(data), "c", "s-1");
}

// Of one event's record.
std::string event_payload(const webrocket::JsonMembers &data, std::string_view channel,
                          const Sender &from) {
    constexpr std::string_view beginning = "event: t\ndata: ";
    constexpr std::string_view end = "\n\n";
    const auto record = event_record("t", data, channel, from);
    EXPECT_TRUE(record.starts_with(beginning) && record.ends_with(end)) << record;
    return record.substr(beginning.size(), record.size() - beginning.size() - end.size());
}

// Every way to spell a member that is not the page's to set, beside one that is.
const std::vector<std::string> forgeries = {
    R"({"uid":"f","sid":"f","channel":"f","a":1})",
    R"({"a":1,"uid":"f","uid":"f","sid":"f","sid":null,"channel":"f","channel":{}})",
    R"({"\u0075id":"f","s\u0069d":"f","chann\u0065l":"f","a":1})",
    R"({"\u0075\u0069\u0064":"f","a":1,"\u0073\u0069\u0064":"f"})",
    R"({"uid":{"uid":"f"},"sid":["f"],"channel":1e5,"a":1})",
    R"({"uid":null,"sid":true,"channel":"","a":1})",
    "{ \"uid\" :\r\n \"f\" , \"sid\"\t: \"f\",\n\"channel\" : \"f\" , \"a\" :1 }",
};

TEST(payload, nothing_given) {
    EXPECT_EQ(broadcast(""), R"({"e":{"channel":"c","sid":"s-1"}})");
    EXPECT_EQ(broadcast("{}"), R"({"e":{"channel":"c","sid":"s-1"}})");
    EXPECT_EQ(trigger_message("\"e\"", {}, "c"), R"({"e":{"channel":"c"}})");
    EXPECT_EQ(event_payload({}, "", nobody), R"({"sid":"s-1","uid":null})");
}

TEST(payload, values_stay_as_written) {
    EXPECT_EQ(broadcast(R"({ "a" : 1.0, "b":{"x": [1e40]},"a":2 })"),
              R"({"e":{"a":1.0,"b":{"x": [1e40]},"a":2,"channel":"c","sid":"s-1"}})");
}

TEST(payload, a_page_names_no_user_to_pages) {
    for (const auto &data : forgeries)
        EXPECT_EQ(broadcast(data), R"({"e":{"a":1,"channel":"c","sid":"s-1"}})") << data;
}

TEST(payload, a_page_names_nobody_to_workers) {
    for (const auto &data : forgeries) {
        EXPECT_EQ(event_payload(known_object(data), "c", sender),
                  R"({"a":1,"channel":"c","sid":"s-1","uid":"al\"ice"})")
            << data;
        EXPECT_EQ(event_payload(known_object(data), "c", nobody),
                  R"({"a":1,"channel":"c","sid":"s-1","uid":null})")
            << data;
        EXPECT_EQ(event_payload(known_object(data), "", nobody),
                  R"({"a":1,"sid":"s-1","uid":null})")
            << data;
    }
}

TEST(payload, a_member_has_the_uid_and_no_sid) {
    for (const auto &data : forgeries)
        EXPECT_EQ(member_entry(known_object(data), "u", "presence-c"),
                  R"({"a":1,"uid":"u","channel":"presence-c"})")
            << data;
    EXPECT_EQ(member_joined_message(R"({"uid":"u"})"), R"({":memberJoined":{"uid":"u"}})");
}

TEST(payload, a_farewell_names_nobody) {
    for (const auto &data : forgeries) {
        EXPECT_EQ(member_left_message({}, known_object(data), "u", "presence-c"),
                  R"({":memberLeft":{"a":1,"uid":"u","channel":"presence-c"}})")
            << data;
        EXPECT_EQ(member_left_message(known_object(data), {}, "u", "presence-c"),
                  R"({":memberLeft":{"a":1,"uid":"u","channel":"presence-c"}})")
            << data;
    }
}

TEST(payload, a_backend_says_what_it_likes_but_for_the_channel) {
    EXPECT_EQ(
        trigger_message("\"e\"", known_object(R"({"uid":7,"sid":"x","\u0063hannel":"f"})"), "c"),
        R"({"e":{"uid":7,"sid":"x","channel":"c"}})");
}

TEST(payload, deeper_names_are_like_others) {
    EXPECT_EQ(broadcast(R"({"a":{"sid":1,"uid":2,"channel":[{"uid":3}]}})"),
              R"({"e":{"a":{"sid":1,"uid":2,"channel":[{"uid":3}]},"channel":"c","sid":"s-1"}})");
}

TEST(payload, names_that_only_look_alike_stay) {
    EXPECT_EQ(
        broadcast(R"({"UID":1,"uid ":2,"\\uid":3,"si":4,"channels":5})"),
        R"({"e":{"UID":1,"uid ":2,"\\uid":3,"si":4,"channels":5,"channel":"c","sid":"s-1"}})");
}

TEST(payload, is_one_line) {
    EXPECT_EQ(event_payload(known_object("{\r\n\"a\"\n:\r[\n1,\r\n2]\n}"), "", nobody),
              "{\"a\":[ 1,  2],\"sid\":\"s-1\",\"uid\":null}");
}

// What is copied in one go must end where something else is to be written.
TEST(payload, members_around_reserved_ones_and_spaces) {
    for (const char *data : {R"({"a":1,"b":2,"c":3})", R"({"sid":0,"a":1,"b":2,"uid":0,"c":3})",
                             R"({"a":1,"sid":0,"b":2,"c":3,"uid":0})", R"({"a":1, "b":2,"c" :3})",
                             R"({"a":1,"b": 2,"uid":0, "c":3 })", "{\"a\":1,\n\"b\":2,\"c\":\n3}"})
        EXPECT_EQ(event_payload(known_object(data), "", nobody),
                  R"({"a":1,"b":2,"c":3,"sid":"s-1","uid":null})")
            << data;
}

TEST(payload, only_line_ends_between_tokens_are_replaced) {
    EXPECT_EQ(event_payload(known_object("{\"a\":[1,\n2],\"b\":\"\\n\",\"c\":{\r\n},\"d\":4}"), "",
                            nobody),
              "{\"a\":[1, 2],\"b\":\"\\n\",\"c\":{  },\"d\":4,\"sid\":\"s-1\",\"uid\":null}");
}

TEST(payload, reports_are_records_as_well) {
    EXPECT_EQ(webrocket::report_record("p/:left", "{}"), "event: p/:left\ndata: {}\n\n");
}

TEST(payload, what_is_said_last_lies_over_what_was_said_first) {
    EXPECT_EQ(member_left_message(known_object(R"({"a":1.0,"b":2,"\u0063":3})"),
                                  known_object(R"({"c":4,"\u0061":{"b":5}})"), "u", "p"),
              R"({":memberLeft":{"b":2,"c":4,"\u0061":{"b":5},"uid":"u","channel":"p"}})");
}

TEST(payload, reports_keep_what_a_page_says_of_itself_apart) {
    const auto data = known_object(R"({"uid":"f","a":1})");
    const auto farewell = known_object(R"({"sid":"f","a":2})");
    EXPECT_EQ(joined_payload("p", sender, true, data),
              R"({"channel":"p","sid":"s-1","uid":"al\"ice","hidden":true,)"
              R"("data":{"uid":"f","a":1}})");
    EXPECT_EQ(left_payload("p", nobody, false, data, farewell, "lost"),
              R"({"channel":"p","sid":"s-1","uid":null,"hidden":false,)"
              R"("data":{"uid":"f","sid":"f","a":2},"reason":"lost"})");
}

TEST(payload, the_broker_s_own_messages) {
    EXPECT_EQ(webrocket::connected_message("s"), R"({":connected":{"sid":"s"}})");
    EXPECT_EQ(webrocket::closed_message("s"), R"({":closed":{"sid":"s"}})");
    EXPECT_EQ(webrocket::unsubscribed_message("c"), R"({":unsubscribed":{"channel":"c"}})");
    EXPECT_EQ(webrocket::subscribed_message("c", nullptr, ""),
              R"({":subscribed":{"channel":"c"}})");
    EXPECT_EQ(webrocket::subscribed_message("p", &alice, "[]"),
              R"({":subscribed":{"channel":"p","uid":"al\"ice","subscribers":[]}})");
    EXPECT_EQ(webrocket::error_message(400, "Bad request"),
              R"({":error":{"code":400,"status":"Bad request"}})");
}

TEST(payload, an_event_s_name_stays_as_written) {
    EXPECT_EQ(trigger_message(R"("caf\u00e9")", {}, "c"), R"({"caf\u00e9":{"channel":"c"}})");
}

} // namespace
