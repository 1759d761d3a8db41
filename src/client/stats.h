#pragma once

#include <cstddef>
#include <string>

#include "client/client_metrics.h"

namespace kn {

/// All of a client's figures as one JSON text.
std::string client_stats(const ClientMetrics &metrics, std::size_t pending);

} // namespace kn
