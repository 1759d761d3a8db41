#pragma once

#include <cstddef>

#include <kosmonaut/status.h>

namespace kn {

const char *status_name(kn_status status) noexcept;
const char *status_message(kn_status status) noexcept;
bool status_is_retriable(kn_status status) noexcept;

/// The statuses this release knows, numbered from 0, and one more for all that it does not.
inline constexpr std::size_t status_count = 30;
std::size_t status_index(kn_status status) noexcept;
/// A status with that number; beyond the known ones, one that nobody knows.
kn_status status_at(std::size_t index) noexcept;

} // namespace kn
