// Request targets.
#include "http/uri.h"

#include <gtest/gtest.h>

namespace {

using namespace webrocket;
using namespace std::string_literals;
using Segments = std::vector<std::string>;

TEST(uri, targets) {
    EXPECT_EQ(split_target("/a?b=c").path, "/a");
    EXPECT_EQ(split_target("/a?b=c").query, "b=c");
    EXPECT_EQ(split_target("/a?b?c").query, "b?c");
    EXPECT_EQ(split_target("/a#f?b").path, "/a");
    EXPECT_EQ(split_target("/a#f?b").query, "");
    EXPECT_EQ(split_target("http://host:1/a?b").path, "/a");
    EXPECT_EQ(split_target("http://host:1/a?b").query, "b");
    EXPECT_EQ(split_target("http://host").path, "/");
    EXPECT_EQ(split_target("HTTPS://host/a").path, "/a");
    for (const char *target : {"*", "host:80", "a", "://b/c", "a1://b/c", "a:/b"})
        EXPECT_EQ(split_target(target).path, target);
    EXPECT_EQ(split_target("a?u=http://b/c").path, "a");
}

TEST(uri, segments) {
    EXPECT_EQ(path_segments("/"), Segments{});
    EXPECT_EQ(path_segments("/a"), Segments{"a"});
    EXPECT_EQ(path_segments("/a/b%2Fc/%c5%BC/+"), (Segments{"a", "b/c", "\xC5\xBC", "+"}));
    EXPECT_EQ(path_segments("/%00"), Segments{"\0"s});
    for (const char *path :
         {"", "a", "a/b", "*", "//", "/a/", "/a//b", "/%", "/%4", "/%4g/b", "/a/%"})
        EXPECT_FALSE(path_segments(path)) << path;
}

TEST(uri, escapes) {
    for (const char *text : {"", "a", "%41", "%41%5a%ff"})
        EXPECT_TRUE(has_sound_escapes(text)) << text;
    for (const char *text : {"%", "%4", "%zz", "a%4", "%%41", "%4 1"})
        EXPECT_FALSE(has_sound_escapes(text)) << text;
}

TEST(uri, queries) {
    EXPECT_EQ(query_parameters(""), QueryParameters{});
    EXPECT_EQ(query_parameters("a=1&b=x+y%2b&c&&d="),
              (QueryParameters{{"a", "1"}, {"b", "x y+"}, {"c", ""}, {"", ""}, {"d", ""}}));
    EXPECT_EQ(query_parameters("f=(a|b)/.*=c?"), (QueryParameters{{"f", "(a|b)/.*=c?"}}));
    EXPECT_EQ(query_parameters("a=1&%61=2"), (QueryParameters{{"a", "1"}}));
    for (const char *query : {"%", "a=%", "a=%4", "a=1&b=%zz", "%zz=1"})
        EXPECT_FALSE(query_parameters(query)) << query;
}

TEST(uri, clean_paths) {
    for (const char *path : {"/", "/a", "/a/b", "/a/", "/a.b", "/..."})
        EXPECT_EQ(clean_path(path), path);
    EXPECT_EQ(clean_path("//a"), "/a");
    EXPECT_EQ(clean_path("/a//b"), "/a/b");
    EXPECT_EQ(clean_path("/a/./b"), "/a/b");
    EXPECT_EQ(clean_path("/a/../b"), "/b");
    EXPECT_EQ(clean_path("/../../b"), "/b");
    EXPECT_EQ(clean_path("a"), "/a");
    EXPECT_EQ(clean_path(""), "/");
    EXPECT_EQ(clean_path("/a/.."), "/");
}

} // namespace
