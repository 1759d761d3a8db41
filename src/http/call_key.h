#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace kn {

/// By which a server knows a call again that it was sent before: 128 bits, in letters and digits.
class CallKey {
  public:
    static constexpr std::size_t length = 22;

    CallKey() noexcept = default;
    CallKey(std::uint64_t high, std::uint64_t low) noexcept;

    bool is_set() const noexcept { return text_.front() != '\0'; }
    std::string_view text() const noexcept { return {text_.data(), is_set() ? length : 0}; }

  private:
    std::array<char, length> text_{};
};

/// One client's keys: no other's are like them, those of a process that forks included. Any thread.
class KeySource {
  public:
    KeySource();

    CallKey next() noexcept;
    /// Any number, for whoever wants to be alone in what it does.
    std::uint64_t chance() noexcept;

  private:
    std::uint64_t high_seed_;
    std::uint64_t low_seed_;
    std::atomic<std::uint64_t> count_{0};
};

} // namespace kn
