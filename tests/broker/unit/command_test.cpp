// Frames of browsers, taken apart into commands.
#include "client/command.h"

#include <gtest/gtest.h>

namespace {

using webrocket::CommandKind;
using webrocket::parse_command;

TEST(command, one_of_each_kind) {
    EXPECT_EQ(parse_command(R"({"auth":{}})").kind, CommandKind::auth);
    EXPECT_EQ(parse_command(R"({"subscribe":{}})").kind, CommandKind::subscribe);
    EXPECT_EQ(parse_command(R"({"unsubscribe":{}})").kind, CommandKind::unsubscribe);
    EXPECT_EQ(parse_command(R"({"broadcast":{}})").kind, CommandKind::broadcast);
    EXPECT_EQ(parse_command(R"({"trigger":{}})").kind, CommandKind::trigger);
    EXPECT_EQ(parse_command(R"({"close":{}})").kind, CommandKind::close);
    EXPECT_EQ(parse_command(R"({"pong":{}})").kind, CommandKind::pong);
}

TEST(command, malformed_frames) {
    for (const char *frame :
         {"", " ", "{", "{}", "[]", "null", "1", R"("auth")", R"({"auth":1})", R"({"auth":null})",
          R"({"auth":[]})", R"({"close":null})", R"({"Auth":{}})", R"({"auth ":{}})",
          R"({"unknown":{}})", R"({"auth":{}} x)", R"({"auth":{},})", R"(["auth",{}])"})
        EXPECT_EQ(parse_command(frame).kind, CommandKind::malformed) << frame;
}

TEST(command, fields) {
    const auto command = parse_command(
        R"({"broadcast":{"channel":"c","event":"caf\u00e9","data":{"a": 1.0},"trigger":"t"}})");
    EXPECT_EQ(command.channel, "c");
    EXPECT_EQ(command.event, "caf\xC3\xA9");
    EXPECT_EQ(command.event_json, R"("caf\u00e9")");
    EXPECT_EQ(command.data, R"({"a": 1.0})");
    EXPECT_EQ(command.trigger, "t");
    EXPECT_EQ(parse_command(R"({"auth":{"token":"x"}})").token, "x");
    EXPECT_TRUE(parse_command(R"({"subscribe":{"hidden":true}})").hidden);
}

TEST(command, fields_of_the_wrong_type_are_absent) {
    const auto command = parse_command(
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
    const auto command = parse_command(R"({"\u0061uth":{"\u0074oken":"\u0078"}})");
    EXPECT_EQ(command.kind, CommandKind::auth);
    EXPECT_EQ(command.token, "x");
}

TEST(command, the_first_known_key_counts) {
    const auto command =
        parse_command(R"({"x":1,"subscribe":{"channel":"a"},"unsubscribe":{"channel":"b"}})");
    EXPECT_EQ(command.kind, CommandKind::subscribe);
    EXPECT_EQ(command.channel, "a");
    // It is chosen by its name alone; what is wrong with it is not made good by the next one.
    EXPECT_EQ(parse_command(R"({"subscribe":1,"close":{}})").kind, CommandKind::malformed);
}

TEST(command, of_a_repeated_field_the_last_one_counts) {
    EXPECT_EQ(parse_command(R"({"auth":{"token":"a","token":"b"}})").token, "b");
}

TEST(command, options_beside_the_command) {
    EXPECT_EQ(parse_command(R"({"broadcast":{},"trigger":"t"})").trigger, "t");
    EXPECT_EQ(parse_command(R"({"broadcast":{"trigger":"in"},"trigger":"out"})").trigger, "in");
    EXPECT_EQ(parse_command(R"({"broadcast":{"trigger":null},"trigger":"out"})").trigger, "");
    EXPECT_EQ(parse_command(R"({"broadcast":{},"trigger":true})").trigger, "");
    EXPECT_TRUE(parse_command(R"({"subscribe":{},"hidden":true})").hidden);
    EXPECT_FALSE(parse_command(R"({"subscribe":{"hidden":false},"hidden":true})").hidden);
    EXPECT_FALSE(parse_command(R"({"subscribe":{},"hidden":"true"})").hidden);
}

} // namespace
