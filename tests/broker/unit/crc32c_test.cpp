#include "event_log/crc32c.h"

#include <gtest/gtest.h>
#include <string>

namespace {

using namespace webrocket;

TEST(crc32c, is_castagnolis) {
    EXPECT_EQ(crc32c("123456789"), 0xe3069283);
    EXPECT_EQ(crc32c_by_table("123456789"), 0xe3069283);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aa);
    EXPECT_EQ(crc32c(""), 0U);
}

TEST(crc32c, of_pieces_is_that_of_the_whole) {
    std::string text;
    for (int i = 0; i < 300; ++i)
        text += static_cast<char>(i * 7);
    for (std::size_t at = 0; at <= text.size(); ++at) {
        const std::string_view whole = text;
        EXPECT_EQ(crc32c(whole.substr(at), crc32c(whole.substr(0, at))), crc32c(whole));
        EXPECT_EQ(crc32c(whole.substr(at)), crc32c_by_table(whole.substr(at)));
        EXPECT_EQ(crc32c(whole.substr(0, at)), crc32c_by_table(whole.substr(0, at)));
    }
}

} // namespace
