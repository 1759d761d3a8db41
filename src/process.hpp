#pragma once

#include <cstdint>

namespace kn {

/// Which process this is, counted in forks: a handle remembers the number it was made under, and a
/// child, which sees another one, keeps its hands off. Costs one load, unlike getpid().
std::uint32_t process_generation() noexcept;

/// The number for a new handle; the first one begins the counting.
std::uint32_t own_generation();

} // namespace kn
