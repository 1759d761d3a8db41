#include "base/hash128.h"

#include "base/secrets.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace webrocket {
namespace {

constexpr std::size_t word = sizeof(std::uint64_t);

// As the algorithm has it: the low byte first.
std::uint64_t read_word(const char *bytes) noexcept {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, word);
    if constexpr (std::endian::native == std::endian::big)
        value = __builtin_bswap64(value);
    return value;
}

// What does not fill a word, and the length above it.
std::uint64_t last_word(std::string_view rest, std::size_t length) noexcept {
    constexpr unsigned byte = 8;
    std::uint64_t value = static_cast<std::uint64_t>(length) << (byte * (word - 1));
    for (std::size_t i = 0; i < rest.size(); ++i)
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest[i])) << (byte * i);
    return value;
}

class SipState {
  public:
    explicit SipState(const Hash128 &key) noexcept
        : a_(0x736f6d6570736575U ^ key.low), b_(0x646f72616e646f6dU ^ key.high ^ 0xeeU),
          c_(0x6c7967656e657261U ^ key.low), d_(0x7465646279746573U ^ key.high) {}

    void take(std::uint64_t value) noexcept {
        d_ ^= value;
        turn(2);
        a_ ^= value;
    }
    Hash128 end() noexcept {
        Hash128 hash;
        c_ ^= 0xeeU;
        turn(4);
        hash.low = a_ ^ b_ ^ c_ ^ d_;
        b_ ^= 0xddU;
        turn(4);
        hash.high = a_ ^ b_ ^ c_ ^ d_;
        return hash;
    }

  private:
    void turn(int rounds) noexcept {
        for (; rounds > 0; --rounds) {
            a_ += b_;
            c_ += d_;
            b_ = std::rotl(b_, 13) ^ a_;
            d_ = std::rotl(d_, 16) ^ c_;
            a_ = std::rotl(a_, 32) + d_;
            c_ += b_;
            b_ = std::rotl(b_, 17) ^ c_;
            d_ = std::rotl(d_, 21) ^ a_;
            c_ = std::rotl(c_, 32);
        }
    }

    std::uint64_t a_;
    std::uint64_t b_;
    std::uint64_t c_;
    std::uint64_t d_;
};

} // namespace

Hash128 hash128(const Hash128 &key, std::string_view text) noexcept {
    SipState state(key);
    const std::size_t length = text.size();
    for (; text.size() >= word; text.remove_prefix(word))
        state.take(read_word(text.data()));
    state.take(last_word(text, length));
    return state.end();
}

Hash128 random_key128() {
    Hash128 key;
    fill_random(reinterpret_cast<unsigned char *>(&key.low), sizeof key.low);
    fill_random(reinterpret_cast<unsigned char *>(&key.high), sizeof key.high);
    return key;
}

} // namespace webrocket
