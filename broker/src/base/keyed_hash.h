// A hash whose collisions nobody can look for who does not know its key.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace webrocket {

struct HashKey {
    std::uint64_t first;
    std::uint64_t second;

    // From the system's random source.
    static HashKey random();
};

// SipHash-2-4. `kind` tells texts apart that are equal and mean different things.
std::uint64_t keyed_hash(const HashKey &key, char kind, std::string_view text);

} // namespace webrocket
