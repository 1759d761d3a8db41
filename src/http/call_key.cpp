#include "http/call_key.h"

#include <random>

namespace kn {
namespace {

constexpr char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::uint64_t base = sizeof digits - 1;
constexpr std::size_t length_of_word = CallKey::length / 2; // for which 64 bits have room

void write_word(char *out, std::uint64_t word) noexcept {
    for (std::size_t i = 0; i < length_of_word; ++i, word /= base)
        out[i] = digits[word % base];
}

/// SplitMix64's: each word becomes another one, and neighbours have nothing in common.
std::uint64_t mixed(std::uint64_t word) noexcept {
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9U;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebU;
    return word ^ (word >> 31);
}

std::uint64_t random_word(std::random_device &source) {
    return (static_cast<std::uint64_t>(source()) << 32) | source();
}

} // namespace

CallKey::CallKey(std::uint64_t high, std::uint64_t low) noexcept {
    write_word(text_.data(), high);
    write_word(text_.data() + length_of_word, low);
}

KeySource::KeySource() {
    std::random_device source;
    high_seed_ = random_word(source);
    low_seed_ = random_word(source);
}

CallKey KeySource::next() noexcept {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15U;
    const std::uint64_t step = count_.fetch_add(1, std::memory_order_relaxed) * golden;
    return {mixed(high_seed_ + step), mixed(low_seed_ ^ mixed(step))};
}

std::uint64_t KeySource::chance() noexcept {
    return mixed(low_seed_ + count_.fetch_add(1, std::memory_order_relaxed));
}

} // namespace kn
