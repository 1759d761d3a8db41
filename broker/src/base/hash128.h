// A hash that nobody can foresee who does not know its key: SipHash-2-4 with 128 bits. What
// strangers choose can be told apart by it, without being kept.
#pragma once

#include <cstdint>
#include <string_view>

namespace webrocket {

struct Hash128 {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    friend bool operator==(const Hash128 &, const Hash128 &) = default;
};

// The key is a hash, too: that of several texts is made of one after the other.
Hash128 hash128(const Hash128 &key, std::string_view text) noexcept;

// From the system's random source.
Hash128 random_key128();

} // namespace webrocket
