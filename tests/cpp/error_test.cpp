// error: a value that carries what the library reported.
#include <gtest/gtest.h>

#include <type_traits>

#include <kosmonaut/kosmonaut.hpp>

namespace {

using kosmonaut::status;

static_assert(std::is_base_of_v<std::system_error, kosmonaut::error>);
static_assert(std::is_nothrow_copy_constructible_v<kosmonaut::error>);
static_assert(std::is_nothrow_copy_assignable_v<kosmonaut::error>);

TEST(Error, CarriesWhatTheLibraryReported) {
    kn_client *client = nullptr;
    kn_error *details = nullptr;
    ASSERT_EQ(kn_client_new("no url", nullptr, &client, &details), KN_EINVAL);

    const kosmonaut::error error(details);
    const std::string message = kn_error_message(details);
    kn_error_free(details); // it is a value of its own

    EXPECT_EQ(error.status(), status::invalid);
    EXPECT_EQ(error.what(), message);
    EXPECT_FALSE(message.empty());
    EXPECT_EQ(error.code(), status::invalid);
    EXPECT_EQ(error.http_status(), 0);
    EXPECT_EQ(error.server_code(), 0);
    EXPECT_EQ(error.retry_after(), std::nullopt);
    EXPECT_FALSE(error.is_retriable());
}

TEST(Error, OfAStatusAloneSaysWhatTheStatusSays) {
    const kosmonaut::error error(status::connect);
    EXPECT_EQ(error.status(), status::connect);
    EXPECT_STREQ(error.what(), kn_status_message(KN_ECONNECT));
    EXPECT_EQ(error.retry_after(), std::nullopt);
    EXPECT_TRUE(error.is_retriable());
}

TEST(Error, IsCaughtAsWhatItDerivesFrom) {
    try {
        throw kosmonaut::error(status::timeout);
    } catch (const std::system_error &error) {
        EXPECT_EQ(error.code(), std::errc::timed_out);
        EXPECT_STREQ(error.what(), kn_status_message(KN_ETIMEOUT));
    }
}

TEST(Error, CopiesKeepEverything) {
    const kosmonaut::error first(status::no_vhost);
    kosmonaut::error second(status::io);
    second = first;
    EXPECT_EQ(second.status(), status::no_vhost);
    EXPECT_STREQ(second.what(), first.what());
}

} // namespace
