// How many threads this process has.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>

#include <unistd.h>

#include "fault_server.hpp"

namespace faults {

inline std::size_t count_tasks() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}));
}

/// The same once a first thread beside the program's has come and gone, for ThreadSanitizer starts
/// one of its own then. It is gone when the kernel has taken it off the list, a moment after it was
/// joined.
inline std::size_t count_tasks_at_rest() {
    pid_t first = 0;
    std::thread([&first] { first = gettid(); }).join();
    const auto entry = "/proc/self/task/" + std::to_string(first);
    const clock::time_point deadline = clock::now() + patience;
    while (std::filesystem::exists(entry) && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    return count_tasks();
}

/// The kernel takes a thread off the list a moment after it was joined.
inline bool await_tasks(std::size_t count) {
    const clock::time_point deadline = clock::now() + patience;
    while (count_tasks() != count && clock::now() < deadline)
        std::this_thread::sleep_for(milliseconds(1));
    return count_tasks() == count;
}

} // namespace faults
