// Who sent an event: told by two members of its payload, whatever the others are.
#include "worker/sender.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

void expect_joe(const std::string &payload) {
    const kn::Sender from = kn::read_sender(payload);
    EXPECT_EQ(from.uid, "joe") << payload;
    EXPECT_EQ(from.sid, "s-1") << payload;
}

void expect_unknown(const std::string &payload) {
    const kn::Sender from = kn::read_sender(payload);
    EXPECT_FALSE(from.uid) << payload;
    EXPECT_FALSE(from.sid) << payload;
}

TEST(sender, is_read_beside_what_no_reader_takes) {
    for (const std::string &value : std::vector<std::string>{
             "1e400", "-1e999", std::string(5000, '9'), R"({"\u0000":1})", R"("\u0000")",
             R"("\ud800")", R"({"uid":"root","sid":"x"})", R"([{"uid":"root"}])",
             R"("\"uid\":\"root\"")", std::string(3000, '[') + std::string(3000, ']')}) {
        expect_joe(R"({"n":)" + value + R"(,"sid":"s-1","uid":"joe"})");
        expect_joe(R"({"sid":"s-1","uid":"joe","n":)" + value + "}");
        expect_joe(R"({"\u0000":)" + value + R"(,"uid":"joe","sid":"s-1"})");
    }
}

TEST(sender, is_read_however_it_is_spelled) {
    expect_joe(R"({"\u0075id":"j\u006fe","si\u0064":"s-1"})");
    expect_joe("\r\n{ \"uid\" :\t\"joe\" ,\n\"sid\":\"s-1\" } ");
    const kn::Sender from =
        kn::read_sender(R"({"sid":"\"\\\/\b\f\n\r\t","uid":"\u00fc\ud83d\ude00"})");
    EXPECT_EQ(from.sid, "\"\\/\b\f\n\r\t");
    EXPECT_EQ(from.uid, "\xC3\xBC\xF0\x9F\x98\x80");
}

TEST(sender, is_the_last_one_that_is_named) {
    expect_joe(R"({"uid":"root","sid":"x","\u0075id":"joe","sid":"s-1"})");
    expect_joe(R"({"uid":7,"sid":{},"sid":"s-1","uid":"joe"})");
}

TEST(sender, is_nobody_only_where_the_payload_says_so) {
    for (const char *payload : {R"({"sid":"s-1","uid":null})", R"({"sid":"s-1"})",
                                R"({"sid":"s-1","UID":"root","uid ":"root","\\uid":"root"})",
                                R"({"sid":"s-1","uid":null,"n":1e400})"}) {
        const kn::Sender from = kn::read_sender(payload);
        EXPECT_FALSE(from.uid) << payload;
        EXPECT_EQ(from.sid, "s-1") << payload;
    }
}

TEST(sender, is_unknown_where_the_payload_cannot_be_read) {
    for (const char *payload : {"",
                                "x",
                                "null",
                                "[]",
                                R"(["uid","joe"])",
                                R"({"sid":"s-1","uid":"joe")",
                                R"({"sid":"s-1","uid":"joe"}})",
                                R"({"sid":"s-1","uid":"joe)",
                                R"({"sid":"s-1" "uid":"joe"})",
                                R"({"sid":"s-1","uid":7})",
                                R"({"sid":"s-1","uid":{}})",
                                R"({"sid":"s-1","uid":true})",
                                R"({"sid":"s-1","uid":"a\u0000b"})",
                                R"({"sid":"s-1","uid":"\ud800"})",
                                R"({"sid":"s-1","uid":"\udc00\ud800"})",
                                R"({"sid":"s-1","uid":"\x"})",
                                R"({"sid":"s-1","uid":"\u00g0"})",
                                R"({"sid":"s-1","uid":"\u+123"})",
                                R"({"sid":"s-1","uid":"\u12"})",
                                R"({"sid":7,"uid":"joe"})",
                                R"({"sid":"a\u0000b","uid":"joe"})"})
        expect_unknown(payload);
}

} // namespace
