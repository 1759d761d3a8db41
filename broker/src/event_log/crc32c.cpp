#include "event_log/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

namespace webrocket {
namespace {

constexpr std::uint32_t polynomial = 0x82f63b78; // its bits in reverse

// tables[n][b]: what byte b does n bytes later.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? polynomial : 0);
        tables[0][byte] = crc;
    }
    for (std::size_t n = 1; n < tables.size(); ++n)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[n - 1][byte];
            tables[n][byte] = (before >> 8) ^ tables[0][before & 0xff];
        }
    return tables;
}

constexpr Tables tables = make_tables();

std::uint8_t byte_at(const char *bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_processor(std::string_view bytes,
                                                                    std::uint32_t crc) {
    std::uint64_t sum = ~crc;
    const char *at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= sizeof(std::uint64_t); left -= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, sizeof word);
        sum = __builtin_ia32_crc32di(sum, word);
        at += sizeof word;
    }
    auto rest = static_cast<std::uint32_t>(sum);
    if (left >= sizeof(std::uint32_t)) {
        std::uint32_t word = 0;
        std::memcpy(&word, at, sizeof word);
        rest = __builtin_ia32_crc32si(rest, word);
        at += sizeof word;
        left -= sizeof word;
    }
    for (std::size_t i = 0; i < left; ++i)
        rest = __builtin_ia32_crc32qi(rest, byte_at(at, i));
    return ~rest;
}

// The build must not ask for a newer processor than others do: asked when it runs.
const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
#endif

} // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t crc) {
    crc = ~crc;
    const char *at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8) {
        const auto first = [&](std::size_t n) { return (crc >> (8 * n) & 0xff) ^ byte_at(at, n); };
        crc = tables[7][first(0)] ^ tables[6][first(1)] ^ tables[5][first(2)] ^
              tables[4][first(3)] ^ tables[3][byte_at(at, 4)] ^ tables[2][byte_at(at, 5)] ^
              tables[1][byte_at(at, 6)] ^ tables[0][byte_at(at, 7)];
    }
    for (; left > 0; --left, ++at)
        crc = (crc >> 8) ^ tables[0][(crc ^ byte_at(at, 0)) & 0xff];
    return ~crc;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t crc) {
#if defined(__x86_64__)
    if (has_instruction)
        return crc32c_by_processor(bytes, crc);
#endif
    return crc32c_by_table(bytes, crc);
}

} // namespace webrocket
