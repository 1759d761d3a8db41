// Request targets.
#include "uri.h"

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
    EXPECT_EQ(split_target("*").path, "*");
}

TEST(uri, segments) {
    EXPECT_EQ(path_segments("/"), Segments{});
    EXPECT_EQ(path_segments("/a"), Segments{"a"});
    EXPECT_EQ(path_segments("/a/b%2Fc/%c5%BC/+"), (Segments{"a", "b/c", "\xC5\xBC", "+"}));
    EXPECT_EQ(path_segments("/%00"), Segments{"\0"s});
    for (const char *path : {"", "a", "a/b", "*"})
        EXPECT_FALSE(path_segments(path)) << path;
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
