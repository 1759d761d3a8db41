#include "event_stream/line_scan.h"

#include <bit>
#include <cstdint>
#include <cstring>

// On i386 without SSE: what a block is handed over in depends on the compiler's options. None
// leaves this file.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace kn::event_stream {
namespace {

// Sixteen bytes at once is what each machine's compiler has instructions for, or makes do without.
using Block [[gnu::vector_size(16)]] = signed char;
using TwoWords [[gnu::vector_size(16)]] = std::uint64_t;

constexpr std::uint64_t all_pass = ~std::uint64_t{0};

Block block_at(const char *bytes) noexcept {
    Block here;
    std::memcpy(&here, bytes, sizeof here);
    return here;
}

/// In the order of memory; at least one of @p passing does not.
std::size_t passing_bytes(std::uint64_t passing) noexcept {
    const int bits = std::endian::native == std::endian::little ? std::countr_one(passing)
                                                                : std::countl_one(passing);
    return static_cast<std::size_t>(bits) / 8;
}

/// How many bytes at the front @p passes. It is asked with a block and with a byte.
template <class Passes>
std::size_t passing_prefix(std::string_view bytes, Passes &&passes) noexcept {
    const char *at = bytes.data();
    const char *const end = at + bytes.size();
    const auto count = [&] { return static_cast<std::size_t>(at - bytes.data()); };
    const auto left = [&] { return static_cast<std::size_t>(end - at); };
    const auto words = [](auto passing) { return std::bit_cast<TwoWords>(passing); };

    for (; left() >= 2 * sizeof(Block); at += 2 * sizeof(Block)) {
        const auto both = words(passes(block_at(at)) & passes(block_at(at + sizeof(Block))));
        if ((both[0] & both[1]) != all_pass)
            break;
    }
    for (; left() >= sizeof(Block); at += sizeof(Block)) {
        const auto passing = words(passes(block_at(at)));
        if (passing[0] != all_pass)
            return count() + passing_bytes(passing[0]);
        if (passing[1] != all_pass)
            return count() + sizeof passing[0] + passing_bytes(passing[1]);
    }
    while (at < end && passes(static_cast<signed char>(*at)))
        ++at;
    return count();
}

std::size_t plain_prefix(std::string_view bytes) noexcept {
    return passing_prefix(bytes, [](auto here) { return here > 0x1F; }); // what is no ASCII is < 0
}

std::size_t up_to_line_end(std::string_view bytes) noexcept {
    return passing_prefix(bytes, [](auto here) { return (here != '\n') & (here != '\r'); });
}

} // namespace

ScannedLine scan_line(std::string_view bytes) noexcept {
    const std::size_t plain = plain_prefix(bytes);
    if (plain == bytes.size() || bytes[plain] == '\n' || bytes[plain] == '\r')
        return {plain, true};
    return {plain + up_to_line_end(bytes.substr(plain)), false};
}

} // namespace kn::event_stream
