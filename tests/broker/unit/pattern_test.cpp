// Regular expressions from outside.
#include "base/pattern.h"

#include <gtest/gtest.h>
#include <string>

namespace {

using webrocket::Pattern;
using webrocket::pattern_length_max;
using webrocket::PatternCache;

bool matches(std::string_view pattern, std::string_view subject) {
    const auto compiled = Pattern::compile(pattern);
    EXPECT_TRUE(compiled) << pattern;
    return compiled && compiled->matches(subject);
}

TEST(pattern, matches_whole_texts_only) {
    EXPECT_TRUE(matches("greetings/(hello|bye)", "greetings/bye"));
    EXPECT_FALSE(matches("greetings/(hello|bye)", "greetings/byebye"));
    EXPECT_FALSE(matches("room", "my-room"));
    EXPECT_FALSE(matches("a|b", "ab"));
    EXPECT_TRUE(matches("a|b", "b"));
    EXPECT_FALSE(matches("room", "room\n"));
    EXPECT_FALSE(matches("", "x"));
    EXPECT_TRUE(matches("", ""));
}

TEST(pattern, refuses_what_is_no_expression) {
    for (const char *text : {"(", ")", "[", "a)|(b", "*", "a**b(", "\\", "(?=a)", "\\1", "\xFF"})
        EXPECT_FALSE(Pattern::compile(text)) << text;
}

TEST(pattern, refuses_what_costs_too_much) {
    EXPECT_TRUE(Pattern::compile(std::string(pattern_length_max, 'a')));
    EXPECT_FALSE(Pattern::compile(std::string(pattern_length_max + 1, 'a')));
    EXPECT_FALSE(Pattern::compile("((a{100}){100}){100}"));
}

TEST(pattern, takes_no_time_to_speak_of) {
    // A backtracking engine would be at it for years.
    EXPECT_FALSE(matches("(a+)+", std::string(100'000, 'a') + "!"));
}

TEST(pattern_cache, answers_as_the_pattern_does) {
    PatternCache cache(2);
    for (int round = 0; round < 3; ++round) {
        EXPECT_TRUE(cache.matches("a.*", "abc"));
        EXPECT_FALSE(cache.matches("a.*", "bc"));
        EXPECT_TRUE(cache.matches("b.*", "bc"));
        EXPECT_TRUE(cache.matches("c.*", "c"));
        EXPECT_FALSE(cache.matches("(", "("));
    }
}

} // namespace
