#include "event_stream/line_scan.h"

#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

// On i386 without SSE: what a block is handed over in depends on the compiler's options. None
// leaves this file.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace kn::event_stream {
namespace {

// Sixteen bytes at once is what each machine's compiler has instructions for, or makes do without.
using Block [[gnu::vector_size(16)]] = signed char;

Block block_at(const char *bytes) noexcept {
    Block here;
    std::memcpy(&here, bytes, sizeof here);
    return here;
}

// Of a comparison's result, in which a byte that passes is -1 and another 0.

#ifdef __SSE2__
unsigned passing_bits(Block passing) noexcept {
    return static_cast<unsigned>(_mm_movemask_epi8(std::bit_cast<__m128i>(passing)));
}

bool do_all_pass(Block passing) noexcept { return passing_bits(passing) == 0xFFFF; }

/// All of them, if all pass.
std::size_t first_passing(Block passing) noexcept {
    return static_cast<std::size_t>(std::countr_one(passing_bits(passing)));
}
#else
using TwoWords [[gnu::vector_size(16)]] = std::uint64_t;

constexpr std::uint64_t all_pass = ~std::uint64_t{0};

bool do_all_pass(Block passing) noexcept {
    const auto words = std::bit_cast<TwoWords>(passing);
    return (words[0] & words[1]) == all_pass;
}

/// In the order of memory.
std::size_t first_passing(std::uint64_t passing) noexcept {
    const int bits = std::endian::native == std::endian::little ? std::countr_one(passing)
                                                                : std::countl_one(passing);
    return static_cast<std::size_t>(bits) / 8;
}

/// All of them, if all pass.
std::size_t first_passing(Block passing) noexcept {
    const auto words = std::bit_cast<TwoWords>(passing);
    return words[0] != all_pass ? first_passing(words[0])
                                : sizeof words[0] + first_passing(words[1]);
}
#endif

/// Where the first byte stands that does not pass; @p end: all do. It is asked with a block and
/// with a byte.
template <class Passes>
const char *first_failing(const char *at, const char *end, Passes &&passes) noexcept {
    constexpr std::ptrdiff_t block = sizeof(Block);
    for (; end - at >= 4 * block; at += 4 * block) {
        const Block two = passes(block_at(at)) & passes(block_at(at + block));
        const Block more = passes(block_at(at + 2 * block)) & passes(block_at(at + 3 * block));
        if (!do_all_pass(two & more))
            break;
    }
    for (; end - at >= block; at += block) {
        const std::size_t passing = first_passing(passes(block_at(at)));
        if (passing < static_cast<std::size_t>(block))
            return at + passing;
    }
    while (at != end && passes(static_cast<signed char>(*at)))
        ++at;
    return at;
}

const auto is_plain = [](auto here) { return here > 0x1F; }; // what is no ASCII is < 0
const auto is_within_line = [](auto here) { return (here != '\n') & (here != '\r'); };

const char *plain_end(const char *at, const char *end) noexcept {
    return first_failing(at, end, is_plain);
}

/// The same where it is likely to be near.
const char *near_plain_end(const char *at, const char *end) noexcept {
    if (end - at < static_cast<std::ptrdiff_t>(sizeof(Block)))
        return plain_end(at, end);
    const std::size_t passing = first_passing(is_plain(block_at(at)));
    return passing < sizeof(Block) ? at + passing : plain_end(at + passing, end);
}

const char *line_end(const char *at, const char *end) noexcept {
    return first_failing(at, end, is_within_line);
}

/// Where what follows the text @p expected begins; NULL: something else stands there.
template <std::size_t Size>
const char *behind(const char (&expected)[Size], const char *at, const char *end) noexcept {
    constexpr std::size_t length = Size - 1;
    const bool is_there =
        end - at >= static_cast<std::ptrdiff_t>(length) && std::memcmp(at, expected, length) == 0;
    return is_there ? at + length : nullptr;
}

bool is_line_feed(const char *at, const char *end) noexcept { return at != end && *at == '\n'; }

std::string_view text_between(const char *begin, const char *end) noexcept {
    return {begin, static_cast<std::size_t>(end - begin)};
}

} // namespace

ScannedLine scan_line(std::string_view bytes) noexcept {
    const char *const begin = bytes.data();
    const char *const end = begin + bytes.size();
    const char *const plain = near_plain_end(begin, end);
    if (plain == end || *plain == '\n' || *plain == '\r')
        return {static_cast<std::size_t>(plain - begin), true};
    return {static_cast<std::size_t>(line_end(plain, end) - begin), false};
}

ScannedRecord scan_record(std::string_view bytes) noexcept {
    const char *const end = bytes.data() + bytes.size();
    const char *const id = behind("id: ", bytes.data(), end);
    if (id == nullptr)
        return {};
    const char *const id_end = near_plain_end(id, end);
    const char *const type = behind("\nevent: ", id_end, end);
    if (type == nullptr)
        return {};
    const char *const type_end = near_plain_end(type, end);
    const char *const data = behind("\ndata: ", type_end, end);
    if (data == nullptr)
        return {};
    const char *const plain = plain_end(data, end);
    const bool is_data_plain = is_line_feed(plain, end);
    const char *const data_end = is_data_plain ? plain : line_end(plain, end);
    const char *const next = behind("\n\n", data_end, end);
    if (next == nullptr)
        return {};
    return {static_cast<std::size_t>(next - bytes.data()), text_between(id, id_end),
            text_between(type, type_end), text_between(data, data_end), is_data_plain};
}

} // namespace kn::event_stream
