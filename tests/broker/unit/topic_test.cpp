// Event names, topics, and filters that ask for the broker's own.
#include "hub/topic.h"

#include <gtest/gtest.h>

namespace {

using namespace webrocket;

TEST(topic, browsers_cannot_name_system_events) {
    EXPECT_TRUE(is_valid_browser_topic("hello"));
    EXPECT_TRUE(is_valid_browser_topic("room/hello:there"));
    for (const char *topic : {":joined", "room/:joined", "a/b/:c", "", "a\nb", "a\x7f"})
        EXPECT_FALSE(is_valid_browser_topic(topic)) << topic;
}

TEST(topic, guarded_channels) {
    EXPECT_EQ(guarded_channel("private-room/x/y"), "private-room");
    EXPECT_EQ(guarded_channel("presence-room/x"), "presence-room");
    EXPECT_EQ(guarded_channel("room/x"), "");
    EXPECT_EQ(guarded_channel("private-room"), "");
}

TEST(topic, a_colon_that_stands_for_itself_is_spelled) {
    for (const char *filter :
         {"room/:joined", "room/:.*", "room/\\:left", "(?:room|hall)/:left", "[:]x", "[a:]", "[]:]",
          "[[:alpha:]:]", "a|:b", "(?i)room/:left", "(?P<name>:x)", "[^a]:", "[\\]:]"})
        EXPECT_TRUE(spells_colon(filter)) << filter;
}

TEST(topic, other_colons_are_not) {
    for (const char *filter :
         {"", ".*", "room/.*", "(?:room|hall)/.*", "(?i:room)/.*", "[[:alpha:]]+", "[^:].*",
          "[^/]*/(?:[^:].*)?", "[^a:]", "(?-s:.)", "[a", "\\", "(?", "[[:alpha:]", "[^]:]"})
        EXPECT_FALSE(spells_colon(filter)) << filter;
}

} // namespace
