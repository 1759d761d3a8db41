// How many threads this process has.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <thread>

#include "fault_server.hpp"

namespace faults {

inline std::size_t count_tasks() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

/// The kernel takes a thread off the list a moment after it was joined.
inline bool await_tasks(std::size_t count) {
    const clock::time_point deadline = clock::now() + patience;
    while (count_tasks() != count && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    return count_tasks() == count;
}

} // namespace faults
