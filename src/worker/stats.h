#pragma once

#include <cstdint>
#include <string>

#include "worker/ledger.h"
#include "worker/metrics.h"

namespace kn {

/// All of a worker's figures as one JSON text. @p ledger is NULL at most once.
std::string worker_stats(const WorkerMetrics &metrics, std::int32_t state, const Ledger *ledger);

} // namespace kn
