// The JSON scanner: what it takes, what it refuses, and that it leaves everything as it was.
#include "base/json.h"
#include "base/utf8.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

using namespace webrocket;

std::vector<std::string> values(const JsonMembers &members) {
    std::vector<std::string> found;
    for (const auto &member : members)
        found.emplace_back(member.value);
    return found;
}

std::string nested(std::string_view open, std::string_view middle, std::string_view close,
                   std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i)
        text.append(open);
    text.append(middle);
    for (std::size_t i = 0; i < times; ++i)
        text.append(close);
    return text;
}

TEST(json, members_are_spans_of_the_text) {
    const auto members = scan_json_object(
        R"( { "a" : 1.0 , "b":{"x":[1, 2]},"c":[ ],"d":"\"}" ,"e":true,"f":null,"a":-0e+1} )");
    ASSERT_TRUE(members);
    ASSERT_EQ(members->list.size(), 7U);
    const std::string_view expected[][2] = {{R"("a")", "1.0"},  {R"("b")", R"({"x":[1, 2]})"},
                                            {R"("c")", "[ ]"},  {R"("d")", R"("\"}")"},
                                            {R"("e")", "true"}, {R"("f")", "null"},
                                            {R"("a")", "-0e+1"}};
    const JsonType types[] = {JsonType::number, JsonType::object,  JsonType::array,
                              JsonType::string, JsonType::boolean, JsonType::null,
                              JsonType::number};
    for (std::size_t i = 0; i < members->list.size(); ++i) {
        EXPECT_EQ(members->list[i].key, expected[i][0]);
        EXPECT_EQ(members->list[i].value, expected[i][1]);
        EXPECT_EQ(members->list[i].type, types[i]);
    }
}

TEST(json, objects) {
    for (const char *text :
         {"{}", " {}\r\n\t", R"({"":""})", R"({"a":{}})", R"({"a":[[],{},[{}]]})", R"({"a":0})",
          R"({"a":-0.0E-0})", R"({"a":1e400})", R"({"a":"\"\\\/\b\f\n\r\t\u0000\uD83D\uDE00"})",
          "{\"a\":\"\x7F \xC3\xA9 \xF4\x8F\xBF\xBF\"}", R"({"a":1,"a":1})"})
        EXPECT_TRUE(scan_json_object(text)) << text;
}

TEST(json, refuses_what_is_no_object) {
    for (const char *text : {"", " ", "null", "true", "1", R"("x")", "[]", "[{}]"})
        EXPECT_FALSE(scan_json_object(text)) << text;
}

TEST(json, refuses_broken_structure) {
    for (const char *text : {"{",
                             "}",
                             "{}}",
                             "{{}",
                             R"({"a"})",
                             R"({"a":})",
                             R"({"a":1,})",
                             R"({,"a":1})",
                             R"({"a":1 "b":2})",
                             R"({"a":1,,"b":2})",
                             R"({"a" 1})",
                             R"({a:1})",
                             R"({'a':1})",
                             R"({"a":[1,]})",
                             R"({"a":[,1]})",
                             R"({"a":[1 2]})",
                             R"({"a":[1})",
                             R"({"a":{"b":1]})",
                             R"({"a":1}x)",
                             R"({"a":1}{})",
                             R"({"a":1}//)",
                             R"({1:1})",
                             R"({"a":[}])"})
        EXPECT_FALSE(scan_json_object(text)) << text;
}

TEST(json, refuses_broken_values) {
    for (const char *value : {"01",
                              "+1",
                              ".5",
                              "1.",
                              "1e",
                              "1e+",
                              "-",
                              "--1",
                              "0x1",
                              "NaN",
                              "Infinity",
                              "tru",
                              "True",
                              "nul",
                              "nulls",
                              "undefined",
                              "'x'",
                              "\"",
                              "\"\\\"",
                              R"("\x")",
                              R"("\u12")",
                              R"("\u12g4")",
                              R"("\ud800")",
                              R"("\ud800x")",
                              R"("\ud800\n")",
                              R"("\ud800\ud800")",
                              R"("\udc00")",
                              "\"\t\"",
                              "\"\n\"",
                              "\"\x01\"",
                              "\"\x80\"",
                              "\"\xC0\x80\"",
                              "\"\xED\xA0\x80\"",
                              "\"\xC3\"",
                              "\"\xF4\x90\x80\x80\"",
                              "\"\xE2\x82\"",
                              "\xC2\xA0"
                              "1"})
        EXPECT_FALSE(scan_json_object("{\"a\":" + std::string(value) + "}")) << value;
}

// However many bytes are looked at together.
TEST(json, every_byte_in_every_place_of_a_string) {
    for (std::size_t place = 0; place < 20; ++place) {
        for (int byte = 0; byte < 256; ++byte) {
            std::string body(20, 'x');
            body[place] = static_cast<char>(byte);
            const bool is_good = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            const auto members = scan_json_object("{\"" + body + "\":\"" + body + "\"}");
            ASSERT_EQ(members.has_value(), is_good) << place << ' ' << byte;
            EXPECT_EQ(is_valid_utf8(body), byte < 0x80) << place << ' ' << byte;
        }
        std::string body(20, 'x');
        body.replace(place, 1, "\xE2\x82\xAC");
        const std::string text = "{\"a\":\"" + body + "\"}";
        const auto members = scan_json_object(text);
        ASSERT_TRUE(members) << place;
        EXPECT_EQ(members->list.front().value, '"' + body + '"');
        EXPECT_TRUE(is_valid_utf8(body));
    }
}

TEST(json, refuses_zero_bytes_and_byte_order_marks) {
    using namespace std::string_literals;
    for (const auto &text : {"{}\0"s, "\0{}"s, "{\"a\":\"\0\"}"s, "{\"a\":\"\\\0\"}"s,
                             "{\"a\":1\0}"s, "\xEF\xBB\xBF{}"s})
        EXPECT_FALSE(scan_json_object(text));
}

TEST(json, refuses_every_beginning_of_a_document) {
    const std::string text = R"({"a":{"b":[1.5e3,"\u00e9\ud83d\ude00",true]},"c":null})";
    ASSERT_TRUE(scan_json_object(text));
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_FALSE(scan_json_object(std::string_view(text).substr(0, length))) << length;
}

TEST(json, depth) {
    EXPECT_TRUE(scan_json_object(nested("{\"a\":", "1", "}", json_depth_max)));
    EXPECT_FALSE(scan_json_object(nested("{\"a\":", "1", "}", json_depth_max + 1)));
    EXPECT_TRUE(scan_json_object("{\"a\":" + nested("[", "", "]", json_depth_max - 1) + "}"));
    EXPECT_FALSE(scan_json_object("{\"a\":" + nested("[", "", "]", json_depth_max) + "}"));
    EXPECT_FALSE(scan_json_object("{\"a\":" + nested("[", "", "]", 1'000'000) + "}"));
}

JsonFlaw flaw_of(const std::string &value) {
    const auto members = scan_json_object("{\"a\":1e400,\"data\":" + value + ",\"b\":1e400}");
    EXPECT_TRUE(members) << value;
    return members ? members->list[1].flaw : JsonFlaw::none;
}

TEST(json, numbers_beyond_a_double_are_noticed) {
    const std::string nines(308, '9');
    for (const std::string &number :
         {std::string("1e400"), std::string("-1E+309"), std::string("1.8e308"), "1" + nines + "0",
          "-" + std::string(400, '9'), "9" + nines, std::string(5000, '1'), std::string("1e-400"),
          "1." + std::string(400, '1') + "e400", std::string("1e99999999999999999999"),
          "0." + std::string(400, '0') + "1"}) {
        for (const std::string &value : {number, "{\"n\":" + number + "}", "[[" + number + "]]",
                                         "{\"a\":1,\"n\":[{\"b\":" + number + "}],\"c\":2}"})
            EXPECT_EQ(flaw_of(value), JsonFlaw::number) << value;
    }
}

TEST(json, numbers_within_a_double_have_no_flaw) {
    const std::string nines(308, '9');
    for (const std::string &number :
         {std::string("0"), std::string("-0.0e-0"), std::string("1.7976931348623157e308"), nines,
          "1" + std::string(308, '0'), "0." + std::string(500, '1'), std::string("5e-324"),
          std::string("0e999"), std::string("1e0000000000001"), "-" + nines + ".5"}) {
        EXPECT_EQ(flaw_of(number), JsonFlaw::none) << number;
        EXPECT_EQ(flaw_of("{\"n\":[" + number + "]}"), JsonFlaw::none) << number;
    }
}

TEST(json, names_with_a_zero_are_noticed) {
    for (const char *value : {R"({"\u0000":1})", R"({"a\u0000b":1})", R"([{"a":{"\u0000":{}}}])"})
        EXPECT_EQ(flaw_of(value), JsonFlaw::name) << value;
    for (const char *value : {R"("\u0000")", R"({"a":"\u0000"})", R"({"\\u0000":1})",
                              R"({"a":"\u0000","b":["\u0000",{"c":1}]})", R"({"\u0001":1})"})
        EXPECT_EQ(flaw_of(value), JsonFlaw::none) << value;
}

TEST(json, arrays) {
    const auto elements = scan_json_array(R"([1,"x",{"a":2}])");
    ASSERT_TRUE(elements);
    EXPECT_EQ(values(*elements), (std::vector<std::string>{"1", R"("x")", R"({"a":2})"}));
    EXPECT_FALSE(scan_json_array("{}"));
    EXPECT_FALSE(scan_json_array("[1"));
}

TEST(json, members_of_members_are_listed_in_the_same_pass) {
    const auto document = scan_json_object(
        R"({"a":{"b":[1,{"c":2}],"d":{}},"e":[],"f":{"g":3},"a":{"h":{"i":{"j":4}}}})",
        {.levels = 3});
    ASSERT_TRUE(document);
    EXPECT_EQ(values(*document).size(), 4U);
    const JsonMembers first = members_of(document->list.front());
    EXPECT_EQ(values(first), (std::vector<std::string>{R"([1,{"c":2}])", "{}"}));
    EXPECT_EQ(values(members_of(*first.begin())), (std::vector<std::string>{"1", R"({"c":2})"}));
    EXPECT_TRUE(members_of(*find_member(*document, "e")).empty());
    EXPECT_EQ(values(members_of(*find_member(*document, "f"))), std::vector<std::string>{"3"});
    const JsonMember *last = find_member(*document, "a");
    const JsonMember *deep = find_member(members_of(*last), "h");
    ASSERT_NE(deep, nullptr);
    EXPECT_EQ(values(members_of(*deep)), std::vector<std::string>{R"({"j":4})"});
    // That is as deep as they were wanted.
    EXPECT_TRUE(members_of(*find_member(members_of(*deep), "i")).empty());
}

TEST(json, flaws_are_of_every_member_they_are_in) {
    const auto document = scan_json_object(
        R"({"a":{"b":1,"c":{"d":[1e999]},"e":2},"f":{"g":{"\u0000":1}},"h":3})", {.levels = 3});
    ASSERT_TRUE(document);
    const auto flaw = [&](std::string_view outer, std::string_view inner) {
        return find_member(members_of(*find_member(*document, outer)), inner)->flaw;
    };
    EXPECT_EQ(find_member(*document, "a")->flaw, JsonFlaw::number);
    EXPECT_EQ(flaw("a", "b"), JsonFlaw::none);
    EXPECT_EQ(flaw("a", "c"), JsonFlaw::number);
    EXPECT_EQ(flaw("a", "e"), JsonFlaw::none);
    EXPECT_EQ(find_member(*document, "f")->flaw, JsonFlaw::name);
    EXPECT_EQ(flaw("f", "g"), JsonFlaw::name);
    EXPECT_EQ(find_member(*document, "h")->flaw, JsonFlaw::none);
}

TEST(json, no_more_is_read_than_is_wanted) {
    const JsonWanted wanted{.levels = 3, .second_level_max = 3};
    const auto all = scan_json_object(R"({"t":[{"a":1,"b":2},{},{}],"n":1,"m":2})", wanted);
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->is_whole);
    for (const char *text : {R"({"t":[1,2,3,4]})", R"({"t":[{},{},{},{},and what is no JSON)",
                             R"({"t":[1,2],"u":{"a":1,"b":2}})"}) {
        const auto some = scan_json_object(text, wanted);
        ASSERT_TRUE(some) << text;
        EXPECT_FALSE(some->is_whole) << text;
    }
}

TEST(json, decodes_strings) {
    using namespace std::string_literals;
    EXPECT_EQ(decode_json_string(R"("")"), "");
    EXPECT_EQ(decode_json_string(R"("\"\\\/\b\f\n\r\t")"), "\"\\/\b\f\n\r\t");
    EXPECT_EQ(decode_json_string(R"("\u0041\u00e9\u20AC\ud83d\ude00")"),
              "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
    EXPECT_EQ(decode_json_string(R"("\u0000x")"), "\0x"s);
}

TEST(json, encoding_is_undone_by_decoding) {
    std::string text = "\xC5\xBC\xF0\x9F\x98\x80";
    for (int byte = 0; byte < 0x80; ++byte)
        text.push_back(static_cast<char>(byte));
    const std::string quoted = json_string(text);
    EXPECT_EQ(decode_json_string(quoted), text);
    EXPECT_TRUE(scan_json_object("{" + quoted + ":" + quoted + "}"));
}

TEST(json, keys_are_compared_by_what_they_mean) {
    EXPECT_TRUE(json_key_is(R"("sid")", "sid"));
    EXPECT_TRUE(json_key_is(R"("\u0073id")", "sid"));
    EXPECT_FALSE(json_key_is(R"("sid ")", "sid"));
    EXPECT_FALSE(json_key_is(R"("\u0053id")", "sid"));
    EXPECT_TRUE(json_key_is(R"("\\u0041")", R"(\u0041)"));
    EXPECT_FALSE(json_key_is(R"("\u0041")", R"(\u0041)")); // the same text, but it means "A"
}

TEST(json, finds_the_last_member_of_a_name) {
    const auto members = scan_json_object(R"({"a":1,"\u0061":2,"b":3})");
    ASSERT_TRUE(members);
    ASSERT_NE(find_member(*members, "a"), nullptr);
    EXPECT_EQ(find_member(*members, "a")->value, "2");
    EXPECT_EQ(find_member(*members, "c"), nullptr);
}

TEST(json, utf8) {
    for (const char *text : {"", "plain", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(is_valid_utf8(text)) << text;
    for (const char *text :
         {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "x\xE2\x82"})
        EXPECT_FALSE(is_valid_utf8(text));
}

} // namespace
