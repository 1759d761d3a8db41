// What backends may do.
#pragma once

#include "worker/worker_stream.h"

#include <cstddef>

namespace webrocket {

struct BackendRules {
    WorkerStreamRules streams;
    std::size_t batch_max = 1000; // triggers
};

} // namespace webrocket
