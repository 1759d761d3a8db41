#include "base/hash128.h"

#include <array>
#include <cstdint>
#include <gtest/gtest.h>
#include <set>
#include <string>

namespace {

using namespace webrocket;

// The key 00 01 … 0f, and the texts "", 00, 00 01, …, of which these are SipHash's own vectors.
constexpr Hash128 key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::string text_of(std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i)
        text.push_back(static_cast<char>(i));
    return text;
}

TEST(hash128, is_siphash) {
    EXPECT_EQ(hash128(key, ""), (Hash128{0xe6a825ba047f81a3U, 0x930255c71472f66dU}));
    EXPECT_EQ(hash128(key, text_of(1)), (Hash128{0x44af996bd8c187daU, 0x45fc229b11597634U}));
    EXPECT_EQ(hash128(key, text_of(15)), (Hash128{0x11a8b03399e99354U, 0xd9c3cf970fec087eU}));
}

TEST(hash128, tells_texts_and_keys_apart) {
    std::set<std::uint64_t> lows;
    std::set<std::uint64_t> highs;
    for (std::size_t length = 0; length < 100; ++length) {
        const Hash128 hash = hash128(key, text_of(length));
        lows.insert(hash.low);
        highs.insert(hash.high);
    }
    EXPECT_EQ(lows.size(), 100U);
    EXPECT_EQ(highs.size(), 100U);
    EXPECT_NE(hash128(random_key128(), "a"), hash128(random_key128(), "a"));
    EXPECT_NE(hash128(hash128(key, "ab"), "c"), hash128(hash128(key, "a"), "bc"));
}

} // namespace
