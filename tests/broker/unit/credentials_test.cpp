#include "hub/credentials.h"

#include <gtest/gtest.h>

namespace {

using webrocket::Credentials;

TEST(credentials, admit_whoever_has_the_token_of_now) {
    Credentials credentials("first");
    EXPECT_EQ(credentials.token(), "first");
    EXPECT_TRUE(credentials.admits("wr:first"));
    for (const char *wrong :
         {"", "first", "wr:", "wr:firs", "wr:first ", "WR:first", "wr:wr:first"})
        EXPECT_FALSE(credentials.admits(wrong)) << wrong;
    credentials.set_token("second");
    EXPECT_EQ(credentials.token(), "second");
    EXPECT_FALSE(credentials.admits("wr:first"));
    EXPECT_TRUE(credentials.admits("wr:second"));
}

} // namespace
