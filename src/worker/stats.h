#pragma once

#include <cstdint>
#include <string>

#include "worker/metrics.h"

namespace kn {

/// All of a worker's figures as one JSON text.
std::string worker_stats(const WorkerMetrics &metrics, std::int32_t state);

} // namespace kn
