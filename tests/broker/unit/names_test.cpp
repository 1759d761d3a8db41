// The grammar of names, topics included.
#include "hub/names.h"
#include "hub/topic.h"

#include <gtest/gtest.h>
#include <string>

namespace {

using namespace webrocket;
using namespace std::string_literals;

TEST(names, vhosts) {
    for (const char *path : {"/a", "/a/b", "/a-b/c_d/9", "/-", "/_"})
        EXPECT_TRUE(is_valid_vhost_path(path)) << path;
    EXPECT_TRUE(is_valid_vhost_path("/" + std::string(254, 'a')));
    EXPECT_FALSE(is_valid_vhost_path("/" + std::string(255, 'a')));
    for (const auto &path : {""s, "/"s, "a"s, "//"s, "/a/"s, "/a//b"s, "/a.b"s, "/a b"s, "/a\n"s,
                             "/a\0"s, "/\xC5\xBC"s, "/a?"s, "/%61"s})
        EXPECT_FALSE(is_valid_vhost_path(path)) << path;
}

TEST(names, vhosts_called_like_resources) {
    for (const std::string word :
         {"channels", "users", "sessions", "groups", "keys", "prefixes", "events"}) {
        for (const auto &path :
             {"/" + word, "/a/" + word, "/" + word + "/a", "/a/" + word + "/b/c"})
            EXPECT_TRUE(is_reserved_vhost_path(path)) << path;
    }
    for (const std::string word : {"token", "workers", "connections", "rules"}) {
        EXPECT_TRUE(is_reserved_vhost_path("/" + word)) << word;
        EXPECT_TRUE(is_reserved_vhost_path("/a/b/" + word)) << word;
        EXPECT_FALSE(is_reserved_vhost_path("/" + word + "/a")) << word;
    }
    for (const char *path : {"/console", "/healthz", "/readyz", "/metrics"})
        EXPECT_TRUE(is_reserved_vhost_path(path)) << path;
    for (const char *path : {"/a", "/event", "/Events", "/mytoken", "/a/console", "/eventsx/y"})
        EXPECT_FALSE(is_reserved_vhost_path(path)) << path;
}

TEST(names, channels) {
    for (const char *name : {"a", "9", "_", "private-chat", "presence-a.b-c_d", "a.", "a-"})
        EXPECT_TRUE(is_valid_channel_name(name)) << name;
    EXPECT_TRUE(is_valid_channel_name(std::string(255, 'a')));
    EXPECT_FALSE(is_valid_channel_name(std::string(256, 'a')));
    for (const auto &name : {""s, "-a"s, ".a"s, "a/b"s, "a b"s, "a\n"s, "a\0"s, "\xC5\xBC"s, "a?"s})
        EXPECT_FALSE(is_valid_channel_name(name)) << name;
}

TEST(names, channel_types) {
    EXPECT_EQ(channel_type("private-x"), ChannelType::private_channel);
    EXPECT_EQ(channel_type("private-"), ChannelType::private_channel);
    EXPECT_EQ(channel_type("presence-x-y"), ChannelType::presence);
    for (const char *name : {"private", "presence", "Private-x", "xprivate-y", "priv-x",
                             "x-private-", "private.x-y", "chat"})
        EXPECT_EQ(channel_type(name), ChannelType::normal) << name;
    EXPECT_TRUE(needs_permission(ChannelType::private_channel));
    EXPECT_TRUE(needs_permission(ChannelType::presence));
    EXPECT_FALSE(needs_permission(ChannelType::normal));
}

TEST(topic, event_names) {
    for (const char *name : {"a", "a/b", "a:b", "a/:b", "\xC5\xBC", "with space", "\"\\"})
        EXPECT_TRUE(is_valid_event_name(name)) << name;
    EXPECT_TRUE(is_valid_event_name(std::string(255, 'a')));
    EXPECT_FALSE(is_valid_event_name(std::string(256, 'a')));
    for (const auto &name : {""s, ":a"s, "a\nb"s, "a\rb"s, "a\tb"s, "a\x7F"s, "a\0"s})
        EXPECT_FALSE(is_valid_event_name(name)) << name;
}

TEST(topic, browsers_name_no_system_event) {
    EXPECT_TRUE(is_valid_browser_topic("chat/a:b"));
    for (const char *topic : {":a", "chat/:a", "a/b/:c", "/:"})
        EXPECT_FALSE(is_valid_browser_topic(topic)) << topic;
}

TEST(topic, channels_that_a_topic_speaks_for) {
    EXPECT_EQ(implicit_topic("greetings", "a/b"), "greetings/a/b");
    EXPECT_EQ(guarded_channel("private-room/x"), "private-room");
    EXPECT_EQ(guarded_channel("presence-room/x/y"), "presence-room");
    for (const char *topic : {"private-room", "chat/x", "/private-room/x", "private-ro om/x", "x"})
        EXPECT_EQ(guarded_channel(topic), "") << topic;
}

} // namespace
