// Origins: as an operator writes them, and as browsers send them.
#include "client/origin.h"

#include <gtest/gtest.h>
#include <stdexcept>

namespace {

using namespace webrocket;

TEST(origin, form_in_which_browsers_send_it) {
    EXPECT_EQ(normalized_origin("https://example.org"), "https://example.org");
    EXPECT_EQ(normalized_origin("HTTPS://Example.ORG"), "https://example.org");
    EXPECT_EQ(normalized_origin("https://example.org:443"), "https://example.org");
    EXPECT_EQ(normalized_origin("http://example.org:80"), "http://example.org");
    EXPECT_EQ(normalized_origin("http://example.org:443"), "http://example.org:443");
    EXPECT_EQ(normalized_origin("http://example.org:08080"), "http://example.org:8080");
    EXPECT_EQ(normalized_origin("http://[::1]:8080"), "http://[::1]:8080");
    EXPECT_EQ(normalized_origin("https://[2001:DB8::1]:443"), "https://[2001:db8::1]");
    EXPECT_EQ(normalized_origin("https://*.Example.org:443"), "https://*.example.org");
    EXPECT_EQ(normalized_origin("chrome-extension://abcdef"), "chrome-extension://abcdef");
    EXPECT_EQ(normalized_origin("null"), "null");
}

TEST(origin, what_no_browser_sends) {
    for (const char *text : {"",
                             "example.org",
                             "https://",
                             "://example.org",
                             "https:///",
                             "https://example.org/",
                             "https://example.org/path",
                             "https://example.org?x",
                             "https://user@example.org",
                             "https://example.org.",
                             "https://.example.org",
                             "https://a..example.org",
                             "https://b\xc3\xbc"
                             "cher.example",
                             "https://example.org:",
                             "https://example.org:0",
                             "https://example.org:65536",
                             "https://example.org:-1",
                             "https://example.org:x",
                             "https://[::1",
                             "https://[::1]x",
                             "*",
                             "https://*",
                             "https://*.",
                             "https://*example.org",
                             "https://a.*.example.org",
                             "https://*.*.example.org",
                             "[\"https://example.org\"]",
                             "\"https://example.org\"",
                             "https://a b",
                             "1https://a"})
        EXPECT_THROW(normalized_origin(text), std::invalid_argument) << text;
}

TEST(origin, which_pages_are_meant) {
    EXPECT_TRUE(allows_origin("https://example.org", "https://example.org"));
    EXPECT_TRUE(allows_origin("https://example.org", "HTTPS://EXAMPLE.org"));
    EXPECT_FALSE(allows_origin("https://example.org", "http://example.org"));
    EXPECT_FALSE(allows_origin("https://example.org", "https://a.example.org"));
}

TEST(origin, subdomains) {
    constexpr const char *all = "https://*.example.org";
    for (const char *origin :
         {"https://a.example.org", "https://a.b.example.org", "https://A.EXAMPLE.ORG"})
        EXPECT_TRUE(allows_origin(all, origin)) << origin;
    for (const char *origin :
         {"https://example.org", "https://.example.org", "http://a.example.org",
          "https://a.example.org:8443", "https://aexample.org", "https://evil.org/.example.org",
          "https://evil.org:1.example.org", "https://evil.org@.example.org",
          "https://a.example.org.evil.org", "https://evil.org?.example.org", "null"})
        EXPECT_FALSE(allows_origin(all, origin)) << origin;
    EXPECT_TRUE(allows_origin("https://*.example.org:8443", "https://a.example.org:8443"));
    EXPECT_FALSE(allows_origin("https://*.example.org:8443", "https://a.example.org"));
}

} // namespace
