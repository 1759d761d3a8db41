#include "base/keyed_hash.h"

#include "base/secrets.h"

#include <bit>
#include <cstddef>
#include <cstring>
#include <string>

namespace webrocket {
namespace {

class SipHash {
  public:
    explicit SipHash(const HashKey &key)
        : v_{key.first ^ 0x736f6d6570736575U, key.second ^ 0x646f72616e646f6dU,
             key.first ^ 0x6c7967656e657261U, key.second ^ 0x7465646279746573U} {}

    void add(std::uint64_t word) {
        v_[3] ^= word;
        round();
        round();
        v_[0] ^= word;
    }

    std::uint64_t end() {
        v_[2] ^= 0xff;
        for (int i = 0; i < 4; ++i)
            round();
        return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
    }

  private:
    void round() {
        v_[0] += v_[1];
        v_[1] = std::rotl(v_[1], 13) ^ v_[0];
        v_[0] = std::rotl(v_[0], 32);
        v_[2] += v_[3];
        v_[3] = std::rotl(v_[3], 16) ^ v_[2];
        v_[0] += v_[3];
        v_[3] = std::rotl(v_[3], 21) ^ v_[0];
        v_[2] += v_[1];
        v_[1] = std::rotl(v_[1], 17) ^ v_[2];
        v_[2] = std::rotl(v_[2], 32);
    }

    std::array<std::uint64_t, 4> v_;
};

} // namespace

HashKey HashKey::random() {
    constexpr std::size_t digits = 16;
    constexpr int hexadecimal = 16;
    return {std::stoull(random_hex(digits), nullptr, hexadecimal),
            std::stoull(random_hex(digits), nullptr, hexadecimal)};
}

std::uint64_t keyed_hash(const HashKey &key, char kind, std::string_view text) {
    constexpr std::size_t word_size = sizeof(std::uint64_t);
    SipHash hash(key);
    hash.add(static_cast<unsigned char>(kind));
    const std::uint64_t size = text.size();
    while (text.size() >= word_size) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), word_size);
        hash.add(word);
        text.remove_prefix(word_size);
    }
    std::uint64_t last = size << 56U;
    std::memcpy(&last, text.data(), text.size());
    hash.add(last);
    return hash.end();
}

} // namespace webrocket
