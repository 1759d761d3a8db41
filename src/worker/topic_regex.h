#pragma once

#include <vector>

#include "worker/routes.h"

namespace kn {

/// What the broker takes as a filter at most, in bytes (Backend API, "Limits").
inline constexpr std::size_t longest_filter = 4096;

/// The same, percent-encoded. It is a part of a request's first line, of which nginx and Apache
/// take 8 KiB unless they are told otherwise.
inline constexpr std::size_t longest_encoded_filter = std::size_t{7} << 10;

/// One regular expression for all of @p patterns, within these limits: each pattern's own where
/// there is room for them, else with what they have in common written once, else a wider one. The
/// same text for the same patterns, and for no others.
TopicFilter filter_for(const std::vector<const Pattern *> &patterns);

} // namespace kn
