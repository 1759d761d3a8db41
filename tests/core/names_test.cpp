// The grammar of names, and UTF-8.
#include "backend/names.h"

#include <gtest/gtest.h>

#include "base/failure.h"
#include "base/utf8.h"

namespace {

bool is_channel(std::string_view name) {
    try {
        kn::require_channel_name(name);
        return true;
    } catch (const kn::Failure &) {
        return false;
    }
}

bool is_event(std::string_view name) {
    try {
        kn::require_event_name(name);
        return true;
    } catch (const kn::Failure &) {
        return false;
    }
}

TEST(names, channels) {
    for (const char *name : {"a", "9", "_", "private-chat", "presence-a.b-c_d", "a.", "a-"})
        EXPECT_TRUE(is_channel(name)) << name;
    for (const char *name : {"", "-a", ".a", "a/b", "a b", "a\n", "\xC5\xBC", "a?", "a%20"})
        EXPECT_FALSE(is_channel(name)) << name;
    EXPECT_TRUE(is_channel(std::string(10'000, 'a')));
}

TEST(names, events) {
    for (const char *name : {"a", "a/b", "a:b", "\xC5\xBC", "with space", "\"quoted\\"})
        EXPECT_TRUE(is_event(name)) << name;
    for (const char *name : {"", ":a", "a\nb", "a\rb", "a\tb", "a\x7F", "\xFF", "\xED\xA0\x80"})
        EXPECT_FALSE(is_event(name)) << name;
}

TEST(utf8, tells_well_formed_from_ill_formed) {
    for (const char *text : {"", "plain", "\xC2\x80", "\xE0\xA0\x80", "\xED\x9F\xBF",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
        EXPECT_TRUE(kn::is_utf8(text));
    for (const char *text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
                             "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
                             "long enough for words, then \xE2\x82"})
        EXPECT_FALSE(kn::is_utf8(text));
}

TEST(utf8, replaces_each_maximal_part) {
    std::string out;
    kn::append_decoded(out, "a\xE2\x82z\xF0\x9F\x98\xFF\xED\xA0\x80");
    EXPECT_EQ(out, "a\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

} // namespace
