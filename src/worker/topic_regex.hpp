#pragma once

#include <vector>

#include "worker/routes.hpp"

namespace kn {

/// What the broker takes as a filter at most, in bytes (Backend API, "Limits").
inline constexpr std::size_t longest_filter = 4096;

/// One regular expression for all of @p patterns, within longest_filter: each pattern's own where
/// there is room for them, else with what they have in common written once, else a wider one.
topic_filter filter_for(const std::vector<const pattern *> &patterns);

} // namespace kn
