// Payloads with the broker's words laid over them.
#include "payload.h"

#include <gtest/gtest.h>

namespace {

using webrocket::event_message;
using webrocket::merge_objects;
using webrocket::overlay_payload;

TEST(payload, nothing_given) {
    EXPECT_EQ(overlay_payload("", {}), "{}");
    EXPECT_EQ(overlay_payload("{}", {}), "{}");
    EXPECT_EQ(overlay_payload("", {{"sid", "\"s\""}}), R"({"sid":"s"})");
}

TEST(payload, values_stay_as_written) {
    EXPECT_EQ(overlay_payload(R"({ "a" : 1.0, "b":{"x": [1e400]},"a":2 })", {{"sid", "null"}}),
              R"({"a":1.0,"b":{"x": [1e400]},"a":2,"sid":null})");
}

TEST(payload, the_broker_wins) {
    EXPECT_EQ(overlay_payload(R"({"sid":1,"\u0073id":2,"a":3,"uid":{"sid":4}})",
                              {{"sid", "\"s\""}, {"uid", "null"}}),
              R"({"a":3,"sid":"s","uid":null})");
    EXPECT_EQ(overlay_payload(R"({"a":{"sid":1}})", {{"sid", "2"}}), R"({"a":{"sid":1},"sid":2})");
}

TEST(payload, is_one_line) {
    EXPECT_EQ(overlay_payload("{\r\n\"a\"\n:\r[\n1,\r\n2]\n}", {}), "{\"a\":[ 1,  2]}");
}

TEST(payload, merging) {
    EXPECT_EQ(merge_objects("", ""), "{}");
    EXPECT_EQ(merge_objects(R"({"a":1})", ""), R"({"a":1})");
    EXPECT_EQ(merge_objects("", R"({"a":1})"), R"({"a":1})");
    EXPECT_EQ(merge_objects(R"({"a":1.0,"b":2,"\u0063":3})", R"({"c":4,"\u0061":{"b":5}})"),
              R"({"b":2,"c":4,"\u0061":{"b":5}})");
}

TEST(payload, message) { EXPECT_EQ(event_message(R"("caf\u00e9")", "{}"), R"({"caf\u00e9":{}})"); }

} // namespace
