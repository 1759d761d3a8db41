// What is cut out of JSON is what was written, and nothing is cut out of what is no JSON.
#include "json/json_parts.h"

#include <gtest/gtest.h>

namespace {

using Elements = std::vector<std::string_view>;

TEST(json_parts, cut_a_member_out_as_it_was_written) {
    const auto parts =
        kn::cut_member(R"( { "a":1 , "data": {"n": 1e400, "\u0000":[{}]} ,"b":"x"})", "data");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->part, R"({"n": 1e400, "\u0000":[{}]})");
    EXPECT_EQ(parts->rest, R"( { "a":1 , "data": null ,"b":"x"})");
}

TEST(json_parts, cut_any_value_out) {
    for (const std::string_view value :
         {R"("")", R"("\"}\\")", "1.0", "true", "null", "[]", "{}", R"(["]",{"}":"["}])"}) {
        const std::string object = "{\"v\":" + std::string(value) + "}";
        const auto parts = kn::cut_member(object, "v");
        ASSERT_TRUE(parts) << object;
        EXPECT_EQ(parts->part, value);
        EXPECT_EQ(parts->rest, R"({"v":null})");
    }
}

TEST(json_parts, take_only_members_of_the_object_itself) {
    EXPECT_FALSE(kn::cut_member(R"({"a":{"v":1}})", "v"));
    EXPECT_FALSE(kn::cut_member(R"({"a":"v"})", "v"));
    EXPECT_FALSE(kn::cut_member("{}", "v"));
    const auto parts = kn::cut_member(R"({"a":{"v":1},"v":2})", "v");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->part, "2");
}

TEST(json_parts, take_no_member_that_is_there_twice) {
    EXPECT_FALSE(kn::cut_member(R"({"v":1,"v":2})", "v"));
}

TEST(json_parts, take_nothing_out_of_what_is_no_object) {
    for (const std::string_view text : {"",
                                        "{",
                                        "}",
                                        "[]",
                                        "1",
                                        "\"v\"",
                                        "{\"v\"",
                                        "{\"v\":",
                                        "{\"v\":}",
                                        "{\"v\":1",
                                        "{\"v\":1,",
                                        "{\"v\":1,}",
                                        "{\"v\":1}}",
                                        "{\"v\":1}x",
                                        "{\"v\" 1}",
                                        "{v:1}",
                                        "{\"v\":\"}",
                                        "{\"v\":\"\\",
                                        "{\"v\":\"\\\"}",
                                        "{\"v\":{]}",
                                        "{\"v\":[}]}",
                                        "{\"v\":[{}}",
                                        "{\"v\":1 \"w\":2}",
                                        "{\"v\":\"a\nb\"}",
                                        "{\"v\":\"a\\\n\"}",
                                        "{\"v\":[\x01]}",
                                        "{\"v\":\x01}",
                                        "{,\"v\":1}"})
        EXPECT_FALSE(kn::cut_member(text, "v")) << text;
}

TEST(json_parts, split_an_array) {
    EXPECT_EQ(kn::array_elements("[]"), Elements());
    EXPECT_EQ(kn::array_elements(" [ ] "), Elements());
    EXPECT_EQ(kn::array_elements(R"([1])"), Elements({"1"}));
    EXPECT_EQ(kn::array_elements(R"( [ {"a":[1,2]} , "x,y" , [] ] )"),
              Elements({R"({"a":[1,2]})", R"("x,y")", "[]"}));
}

TEST(json_parts, split_nothing_that_is_no_array) {
    for (const std::string_view text : {"", "[", "]", "{}", "1", "[1", "[1,", "[1,]", "[,]", "[,1]",
                                        "[1 2]", "[1]]", "[[1]", "[{]"})
        EXPECT_FALSE(kn::array_elements(text)) << text;
}

TEST(json_parts, are_as_deep_as_they_are) {
    constexpr std::size_t deep = 100000;
    const std::string value = std::string(deep, '[') + std::string(deep, ']');
    const std::string object = "{\"v\":" + value + "}";
    const auto parts = kn::cut_member(object, "v");
    ASSERT_TRUE(parts);
    EXPECT_EQ(parts->part, value);
}

} // namespace
