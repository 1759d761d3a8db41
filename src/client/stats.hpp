#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "client/client_metrics.hpp"
#include "worker/metrics.hpp"

namespace kn {

// All of a handle's figures as one JSON text.
std::string client_stats(const client_metrics &metrics, std::size_t pending);
std::string worker_stats(const worker_metrics &metrics, std::int32_t state);

} // namespace kn
