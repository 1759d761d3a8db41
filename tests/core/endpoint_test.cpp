// The URL a handle is made with.
#include "http/endpoint.h"

#include <gtest/gtest.h>

#include <string>

#include "base/failure.h"

namespace {

using kn::Endpoint;

std::string refusal(std::string_view url) {
    try {
        Endpoint::parse(url);
        return "";
    } catch (const kn::Failure &why) {
        EXPECT_EQ(why.status(), KN_EINVAL);
        return why.message();
    }
}

TEST(endpoint, http_and_https_have_their_usual_ports) {
    EXPECT_EQ(Endpoint::parse("http://wr:t@example.org/v").url(), "http://example.org:80/v");
    EXPECT_EQ(Endpoint::parse("https://wr:t@example.org/v").url(), "https://example.org:443/v");
    EXPECT_EQ(Endpoint::parse("HTTP://wr:t@example.org:8080/v").url(), "http://example.org:8080/v");
}

TEST(endpoint, wr_and_wrs_have_the_broker_s_ports) {
    EXPECT_EQ(Endpoint::parse("wr://t@example.org/v").url(), "http://example.org:8080/v");
    EXPECT_EQ(Endpoint::parse("wrs://t@example.org/v").url(), "https://example.org:8443/v");
    EXPECT_EQ(Endpoint::parse("wrs://t@example.org:9/v").url(), "https://example.org:9/v");
}

TEST(endpoint, takes_ip_literals_and_nested_vhosts) {
    EXPECT_EQ(Endpoint::parse("http://wr:t@127.0.0.1:1/a/b-c/d_e").url(),
              "http://127.0.0.1:1/a/b-c/d_e");
    EXPECT_EQ(Endpoint::parse("http://wr:t@[::1]:8080/v").url(), "http://[::1]:8080/v");
    EXPECT_EQ(Endpoint::parse("http://wr:t@[::1]/v").url(), "http://[::1]:80/v");
}

TEST(endpoint, the_token_becomes_an_authorization) {
    // printf 'wr:secret' | base64, and so on: one for each length of the last group
    EXPECT_STREQ(Endpoint::parse("http://wr:secret@h/v").authorization.view().data(),
                 "Authorization: Basic d3I6c2VjcmV0");
    EXPECT_STREQ(Endpoint::parse("wr://secre@h/v").authorization.view().data(),
                 "Authorization: Basic d3I6c2VjcmU=");
    EXPECT_STREQ(Endpoint::parse("wr://secr@h/v").authorization.view().data(),
                 "Authorization: Basic d3I6c2Vjcg==");
    EXPECT_STREQ(Endpoint::parse("wr://s%65cr%40@h/v").authorization.view().data(),
                 "Authorization: Basic d3I6c2VjckA=");
}

TEST(endpoint, its_path_is_a_vhost) {
    for (const char *path : {"/a", "/a/b", "/a-b/c_d/9"})
        EXPECT_EQ(refusal("http://wr:t@h" + std::string(path)), "") << path;
    for (const char *path : {"", "/", "//", "/a/", "/a//b", "/a.b", "/a b", "/\xC5\xBC"})
        EXPECT_NE(refusal("http://wr:t@h" + std::string(path)), "") << path;
}

TEST(endpoint, refuses_what_it_cannot_mean) {
    for (const char *url : {"",
                            "nonsense",
                            "://",
                            "http://",
                            "http://h/v",
                            "http://wr:@h/v",
                            "http://wr@h/v",
                            "http://someone:t@h/v",
                            "http://t@h/v",
                            "wr://wr:t@h/v",
                            "wr://@h/v",
                            "ftp://wr:t@h/v",
                            "http://wr:t@/v",
                            "http://wr:t@h",
                            "http://wr:t@h/",
                            "http://wr:t@h/v/",
                            "http://wr:t@h//v",
                            "http://wr:t@h/v//w",
                            "http://wr:t@h/v?x=1",
                            "http://wr:t@h/v#x",
                            "http://wr:t@h/a b",
                            "http://wr:t@h/a.b",
                            "http://wr:t@h:0x50/v",
                            "http://wr:t@h:99999/v",
                            "http://wr:t@h:port/v",
                            "http://wr:a%0@h/v",
                            "http://wr:a%0ab@h/v",
                            "http://wr:a b@h/v",
                            "http://wr:a\nb@h/v",
                            "http://wr:t@h/v\n"})
        EXPECT_NE(refusal(url), "") << url;
}

TEST(endpoint, a_refusal_does_not_tell_the_token) {
    for (const char *url : {"http://someone:hidden@h/v", "http://wr:hidden@h/a.b",
                            "ftp://wr:hidden@h/v", "http://wr:hidden@h:99999/v"})
        EXPECT_EQ(refusal(url).find("hidden"), std::string::npos) << url;
}

} // namespace
