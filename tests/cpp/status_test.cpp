// status and its category: the values of the C API, and how they fit into <system_error>.
#include <gtest/gtest.h>

#include <kosmonaut/kosmonaut.hpp>

namespace {

using kosmonaut::status;

TEST(Status, HasTheValuesOfTheCApi) {
    EXPECT_EQ(static_cast<kn_status>(status::no_channel), KN_ENOCHANNEL);
    EXPECT_EQ(static_cast<kn_status>(status::interrupted), KN_INTERRUPTED);
    EXPECT_EQ(name(status::no_channel), "KN_ENOCHANNEL");
    EXPECT_EQ(name(static_cast<status>(-77777)), "KN_UNKNOWN");
    EXPECT_EQ(message(status::timeout), kn_status_message(KN_ETIMEOUT));
    EXPECT_TRUE(is_retriable(status::unavailable));
    EXPECT_FALSE(is_retriable(status::unauthorized));
}

TEST(Status, MakesErrorCodesOfItsOwnCategory) {
    const std::error_code code = status::no_channel;
    EXPECT_EQ(code.value(), KN_ENOCHANNEL);
    EXPECT_STREQ(code.category().name(), "kosmonaut");
    EXPECT_EQ(code.message(), kn_status_message(KN_ENOCHANNEL));
    EXPECT_EQ(&code.category(), &kosmonaut::category());
    EXPECT_TRUE(code == status::no_channel);
    EXPECT_FALSE(code == status::no_vhost);
}

TEST(Status, OkIsNoError) {
    const std::error_code code = status::ok;
    EXPECT_FALSE(code);
    EXPECT_EQ(code, std::error_code());
}

TEST(Status, EqualsTheConditionsOfTheStandardWhereTheySayTheSame) {
    EXPECT_EQ(make_error_code(status::invalid), std::errc::invalid_argument);
    EXPECT_EQ(make_error_code(status::no_memory), std::errc::not_enough_memory);
    EXPECT_EQ(make_error_code(status::timeout), std::errc::timed_out);
    EXPECT_EQ(make_error_code(status::io), std::errc::io_error);
    EXPECT_EQ(make_error_code(status::unauthorized), std::errc::permission_denied);
    EXPECT_EQ(make_error_code(status::too_big), std::errc::message_size);
    EXPECT_NE(make_error_code(status::no_channel), std::errc::invalid_argument);
}

TEST(Version, IsThatOfTheLibrary) { EXPECT_EQ(kosmonaut::version(), kn_version()); }

} // namespace
