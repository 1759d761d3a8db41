// An outline has to be JSON where its text is, for jansson is shown nothing but the outline.
#include "json/json_outline.hpp"

#include <gtest/gtest.h>
#include <jansson.h>

namespace {

bool is_json(const std::string &text) {
    json_error_t why;
    json_t *value =
        json_loadb(text.data(), text.size(), JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &why);
    json_decref(value);
    return value != nullptr;
}

void expect_same_verdict(const std::string &text) {
    const std::string outline = kn::json_outline(text);
    EXPECT_EQ(is_json(text), is_json(outline)) << text << "\n" << outline;
}

TEST(json_outline, drops_what_strings_say) {
    EXPECT_EQ(kn::json_outline(R"({"from":"alice","n":[1,true]})"), R"({"f":"a","n":[1,true]})");
    EXPECT_EQ(kn::json_outline(R"({"":"\"said\" \\ she"})"), R"({"":"\"said\" \\ she"})");
    EXPECT_EQ(kn::json_outline(R"(["\n0123456789"])"), R"(["\n01234"])");
    EXPECT_EQ(kn::json_outline("[\"" + std::string(1000, 'x') + "\"]"), R"(["x"])");
    EXPECT_EQ(kn::json_outline(""), "");
}

TEST(json_outline, keeps_apart_what_was_apart) {
    for (const char *text : {R"(["\ud83dab\ude00"])",              // the halves of a surrogate pair
                             R"(["\ud83d\ude00"])",                // and where they belong together
                             R"(["\ud83d\u0041"])", R"(["\u12"])", // digits that are missing
                             R"(["\u12","34"])", R"(["\u00410000"])", // or more of them than needed
                             "[\"\xC3"
                             "ab\xA9\"]",
                             "[\"\xC3\xA9\"]", // the bytes of a UTF-8 sequence
                             R"(["\)", R"(["\")", R"(["\"])", R"(["a)", R"(["a"x"b"])", R"([a"b"])",
                             "[\"a\tb\"]", "[\"\\\xC3\xA9\"]", R"({"a":"b" "c"})", R"(["a"]"b")"})
        expect_same_verdict(text);
}

// One byte changed, to every other, at every place of a text that has everything; and cut short.
TEST(json_outline, survives_no_fewer_errors_than_its_text) {
    const std::string sound =
        "{\"a key of some length\":[\"a string of more than a word\\n\\u00e9x\","
        "\"\\ud83d\\ude00 and \\\"so\\\" on \\\\\",-1.5e3,true,null,"
        "\"\xC3\xA9\xE2\x82\xAC\"],\"\":{}}";
    ASSERT_TRUE(is_json(sound));
    ASSERT_TRUE(is_json(kn::json_outline(sound)));
    for (std::size_t at = 0; at < sound.size(); ++at) {
        expect_same_verdict(sound.substr(0, at));
        std::string changed = sound;
        for (int byte = 0; byte < 256; ++byte) {
            changed[at] = static_cast<char>(byte);
            expect_same_verdict(changed);
        }
    }
}

} // namespace
