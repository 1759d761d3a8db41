// Single access tokens.
#include "hub/token_book.h"

#include <gtest/gtest.h>
#include <set>

namespace {

using namespace webrocket;
using namespace std::chrono_literals;

TEST(token_book, a_token_is_spent_once) {
    TokenBook book({1h, 10});
    const auto token = book.issue({"alice", "private-.*"});
    const auto permission = book.spend(token);
    ASSERT_TRUE(permission);
    EXPECT_EQ(permission->uid, "alice");
    EXPECT_EQ(permission->channels, "private-.*");
    EXPECT_FALSE(book.spend(token));
}

TEST(token_book, bytes_push_the_oldest_out) {
    TokenBook book({1h, 1000, 20'000});
    const auto first = book.issue({"alice", ".*"});
    std::string last;
    for (int i = 0; i < 30; ++i)
        last = book.issue({"alice", std::string(1000, 'x')});
    EXPECT_GT(book.displaced(), 10U);
    EXPECT_FALSE(book.spend(first));
    EXPECT_TRUE(book.spend(last));
    // What is larger than all of it has it for itself.
    const auto large = book.issue({"alice", std::string(30'000, 'x')});
    EXPECT_TRUE(book.spend(large));
}

TEST(token_book, unknown_tokens) {
    TokenBook book({1h, 10});
    const auto token = book.issue({"alice", ".*"});
    EXPECT_FALSE(book.spend(""));
    EXPECT_FALSE(book.spend(token.substr(1)));
    EXPECT_FALSE(book.spend(token + "0"));
    EXPECT_TRUE(book.spend(token));
}

TEST(token_book, tokens_are_128_hex_digits_and_differ) {
    TokenBook book({1h, 1000});
    std::set<std::string> tokens;
    for (int i = 0; i < 1000; ++i)
        tokens.insert(book.issue({"u", "c"}));
    EXPECT_EQ(tokens.size(), 1000U);
    EXPECT_EQ(tokens.begin()->size(), 128U);
    EXPECT_EQ(tokens.begin()->find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(token_book, tokens_expire) {
    TokenBook book({0ms, 10});
    EXPECT_FALSE(book.spend(book.issue({"u", "c"})));
}

TEST(token_book, past_the_limit_the_oldest_go) {
    TokenBook book({1h, 2});
    const auto first = book.issue({"1", "c"});
    const auto second = book.issue({"2", "c"});
    const auto third = book.issue({"3", "c"});
    EXPECT_FALSE(book.spend(first));
    EXPECT_TRUE(book.spend(second));
    EXPECT_TRUE(book.spend(third));
    EXPECT_EQ(book.displaced(), 1U);
}

TEST(token_book, the_limit_counts_only_tokens_that_wait) {
    TokenBook book({1h, 2});
    const auto waiting = book.issue({"patient", "c"});
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(book.spend(book.issue({"quick", "c"})));
    EXPECT_TRUE(book.spend(waiting));
}

} // namespace
