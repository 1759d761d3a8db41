// Frames of browsers, taken apart into commands.
#include "client/command.h"

#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace {

using webrocket::Command;
using webrocket::CommandKind;

// Each with the memory of the one before.
const Command &parsed(std::string_view message) {
    static Command command;
    webrocket::parse_command(message, webrocket::json_depth_max, command);
    return command;
}

TEST(command, one_of_each_kind) {
    EXPECT_EQ(parsed(R"({"auth":{}})").kind, CommandKind::auth);
    EXPECT_EQ(parsed(R"({"subscribe":{}})").kind, CommandKind::subscribe);
    EXPECT_EQ(parsed(R"({"unsubscribe":{}})").kind, CommandKind::unsubscribe);
    EXPECT_EQ(parsed(R"({"broadcast":{}})").kind, CommandKind::broadcast);
    EXPECT_EQ(parsed(R"({"trigger":{}})").kind, CommandKind::trigger);
    EXPECT_EQ(parsed(R"({"close":{}})").kind, CommandKind::close);
    EXPECT_EQ(parsed(R"({"pong":{}})").kind, CommandKind::pong);
}

TEST(command, malformed_messages) {
    for (const char *message :
         {"", " ", "{", "{}", "[]", "null", "1", R"("auth")", R"({"auth":1})", R"({"auth":null})",
          R"({"auth":[]})", R"({"close":null})", R"({"Auth":{}})", R"({"auth ":{}})",
          R"({"unknown":{}})", R"({"auth":{}} x)", R"({"auth":{},})", R"(["auth",{}])"})
        EXPECT_EQ(parsed(message).kind, CommandKind::malformed) << message;
}

TEST(command, fields) {
    const auto &command = parsed(
        R"({"broadcast":{"channel":"c","event":"caf\u00e9","data":{"a": 1.0},"trigger":"t"}})");
    EXPECT_EQ(command.channel, "c");
    EXPECT_EQ(command.event, "caf\xC3\xA9");
    EXPECT_EQ(command.event_json, R"("caf\u00e9")");
    EXPECT_EQ(command.data, R"({"a": 1.0})");
    EXPECT_EQ(command.trigger, "t");
    EXPECT_EQ(parsed(R"({"auth":{"token":"x"}})").token, "x");
    EXPECT_TRUE(parsed(R"({"subscribe":{"hidden":true}})").hidden);
}

TEST(command, fields_of_the_wrong_type_are_absent) {
    const auto &command = parsed(
        R"({"broadcast":{"channel":1,"event":null,"data":[],"trigger":true,"token":{},"hidden":1}})");
    EXPECT_EQ(command.kind, CommandKind::broadcast);
    EXPECT_EQ(command.channel, "");
    EXPECT_EQ(command.event, "");
    EXPECT_EQ(command.event_json, "");
    EXPECT_EQ(command.data, "");
    EXPECT_EQ(command.trigger, "");
    EXPECT_EQ(command.token, "");
    EXPECT_FALSE(command.hidden);
}

TEST(command, escaped_names_are_names) {
    const auto &command = parsed(R"({"\u0061uth":{"\u0074oken":"\u0078"}})");
    EXPECT_EQ(command.kind, CommandKind::auth);
    EXPECT_EQ(command.token, "x");
}

TEST(command, the_first_known_key_counts) {
    const auto &command =
        parsed(R"({"x":1,"subscribe":{"channel":"a"},"unsubscribe":{"channel":"b"}})");
    EXPECT_EQ(command.kind, CommandKind::subscribe);
    EXPECT_EQ(command.channel, "a");
    // It is chosen by its name alone; what is wrong with it is not made good by the next one.
    EXPECT_EQ(parsed(R"({"subscribe":1,"close":{}})").kind, CommandKind::malformed);
}

TEST(command, of_a_repeated_field_the_last_one_counts) {
    EXPECT_EQ(parsed(R"({"auth":{"token":"a","token":"b"}})").token, "b");
}

TEST(command, nothing_is_left_of_the_one_before) {
    const std::string long_text(100'000, 'x');
    parsed(R"({"broadcast":{"channel":")" + long_text + R"(","event":"e","trigger":"t",)" +
           R"("data":{"a":1e400},"token":"x"}})");
    const auto &broadcast = parsed(R"({"broadcast":{}})");
    EXPECT_EQ(broadcast.channel + broadcast.event + broadcast.trigger + broadcast.token, "");
    EXPECT_EQ(broadcast.event_json, "");
    EXPECT_EQ(broadcast.data, "");
    EXPECT_TRUE(broadcast.data_members.empty());
    EXPECT_EQ(broadcast.data_flaw, webrocket::JsonFlaw::none);
    EXPECT_LT(broadcast.channel.capacity(), long_text.size());
    parsed(R"({"subscribe":{"channel":"c","hidden":true,"data":{"a":1}}})");
    EXPECT_FALSE(parsed(R"({"subscribe":{}})").hidden);
    EXPECT_EQ(parsed("no JSON").kind, CommandKind::malformed);
    EXPECT_EQ(parsed("no JSON").channel, "");
}

TEST(command, of_a_repeated_field_the_last_one_counts_whatever_it_is) {
    const auto &command =
        parsed(R"({"broadcast":{"event":"e","event":1,"data":{"a":1},"data":[],"channel":"c",)"
               R"("channel":null}})");
    EXPECT_EQ(command.event, "");
    EXPECT_EQ(command.event_json, "");
    EXPECT_EQ(command.data, "");
    EXPECT_TRUE(command.data_members.empty());
    EXPECT_EQ(command.channel, "");
}

TEST(command, options_beside_the_command) {
    EXPECT_EQ(parsed(R"({"broadcast":{},"trigger":"t"})").trigger, "t");
    EXPECT_EQ(parsed(R"({"broadcast":{"trigger":"in"},"trigger":"out"})").trigger, "in");
    EXPECT_EQ(parsed(R"({"broadcast":{"trigger":null},"trigger":"out"})").trigger, "");
    EXPECT_EQ(parsed(R"({"broadcast":{},"trigger":true})").trigger, "");
    EXPECT_TRUE(parsed(R"({"subscribe":{},"hidden":true})").hidden);
    EXPECT_FALSE(parsed(R"({"subscribe":{"hidden":false},"hidden":true})").hidden);
    EXPECT_FALSE(parsed(R"({"subscribe":{},"hidden":"true"})").hidden);
}

} // namespace
