// Nothing may be taken for a plain object that jansson would refuse: it is not asked any more.
#include "json/plain_object.h"

#include <string>

#include <gtest/gtest.h>
#include <jansson.h>

namespace {

bool is_object(const std::string &text) {
    json_error_t why;
    json_t *value =
        json_loadb(text.data(), text.size(), JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &why);
    const bool is_one = json_is_object(value);
    json_decref(value);
    return is_one;
}

void expect_same_verdict(const std::string &text) {
    EXPECT_EQ(kn::is_plain_object(text), is_object(text)) << text;
}

std::string nested(int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i)
        text += R"({"a":)";
    return text + "1" + std::string(static_cast<std::size_t>(depth), '}');
}

TEST(plain_object, is_what_most_send) {
    for (const char *text :
         {"{}", " {\t}\r\n", R"({"from":"alice","n":[1,true,false,null,-0.5]})",
          R"({"":"\"said\" \\ she \/\b\f\n\r\t"})", R"({"a":[],"b":{},"c":[{},[[]]]})",
          R"({"n":[0,-0,10,1.5,1e5,1E+5,1.25e-99,12345678901234567890]})",
          R"({"text":"\u00e9 \uABCD \ud83d\ude00 \u0000"})",
          "{\"\xC3\xA9\":\"\xF0\x9F\x98\x80\"}"}) {
        EXPECT_TRUE(kn::is_plain_object(text)) << text;
        EXPECT_TRUE(is_object(text)) << text;
    }
    EXPECT_TRUE(kn::is_plain_object(nested(64)));
}

constexpr const char *no_objects[] = {"",
                                      " ",
                                      "[]",
                                      "1",
                                      "\"a\"",
                                      "null",
                                      "{",
                                      "}",
                                      "{]",
                                      "[}",
                                      "{}}",
                                      "{} {}",
                                      "{}x",
                                      "{,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{\"a\":1 \"b\":2}",
                                      "{\"a\":[1,]}",
                                      "{\"a\":[,1]}",
                                      "{\"a\":[1}",
                                      "{\"a\":{]}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{1:1}",
                                      "{\"a\":nul}",
                                      "{\"a\":nulll}",
                                      "{\"a\":01}",
                                      "{\"a\":+1}",
                                      "{\"a\":.5}",
                                      "{\"a\":1.}",
                                      "{\"a\":1e}",
                                      "{\"a\":1e+}",
                                      "{\"a\":-}",
                                      "{\"a\":--1}",
                                      "{\"a\":0x1}",
                                      "{\"a\":NaN}",
                                      "{\"a\":\"",
                                      "{\"a\":\"\\",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\u12\"}",
                                      "{\"a\":\"\\u12g4\"}",
                                      "{\"a\":\"\t\"}",
                                      R"({"a":"\ud83d"})",
                                      R"({"a":"\ude00"})",
                                      R"({"a":"\ud83d\u0041"})",
                                      R"({"a":"\ud83dab\ude00"})",
                                      R"({"\u0000":1})",
                                      "{\"a\":\"\xC3\"}",
                                      "{\"a\":\"\xC0\x80\"}",
                                      "{\"a\":\"\xED\xA0\x80\"}",
                                      "\xEF\xBB\xBF{}",
                                      "{\"a\":1}//"};

TEST(plain_object, is_none_that_is_no_object) {
    for (const char *text : no_objects) {
        EXPECT_FALSE(kn::is_plain_object(text)) << text;
        EXPECT_FALSE(is_object(text)) << text;
    }
    EXPECT_FALSE(kn::is_plain_object(std::string("{}\0", 3)));
    EXPECT_FALSE(kn::is_plain_object(std::string("{\"a\":1\0}", 8)));
}

TEST(plain_object, leaves_the_rest_to_jansson) {
    for (const std::string &text :
         {nested(65), std::string(R"({"n":1e100})"), R"({"n":1)" + std::string(100, '0') + "}"}) {
        EXPECT_FALSE(kn::is_plain_object(text)) << text;
        EXPECT_TRUE(is_object(text)) << text;
    }
}

// One byte changed, to every other, at every place of a text that has everything; and cut short.
TEST(plain_object, is_no_more_than_jansson_s_whatever_is_changed) {
    const std::string sound =
        "{\"a key of some length\":[\"a string of more than a word\\n\\u00e9x\","
        "\"\\ud83d\\ude00 and \\\"so\\\" on \\\\\",-1.5e3,true,null,"
        "\"\xC3\xA9\xE2\x82\xAC\"],\"\":{}}";
    ASSERT_TRUE(kn::is_plain_object(sound));
    for (std::size_t at = 0; at < sound.size(); ++at) {
        expect_same_verdict(sound.substr(0, at));
        std::string changed = sound;
        for (int byte = 0; byte < 256; ++byte) {
            changed[at] = static_cast<char>(byte);
            // A NUL right behind a number passes jansson; it is no JSON.
            if (byte != 0)
                expect_same_verdict(changed);
        }
    }
}

} // namespace
