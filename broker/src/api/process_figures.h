// What the system says of this process.
#pragma once

#include <cstdint>
#include <optional>

namespace webrocket {

struct ProcessFigures {
    double cpu_seconds = 0;
    double start_time = 0; // in seconds since 1970
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t descriptors_max = 0;
    // Nothing when there is none left to count them with.
    std::optional<std::uint64_t> descriptors;
};

ProcessFigures process_figures();

} // namespace webrocket
