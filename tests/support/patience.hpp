// How long a test waits for what has to happen, and how.
#ifndef SUPPORT_PATIENCE_HPP
#define SUPPORT_PATIENCE_HPP

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace support {

/// Enough for a busy machine and a sanitizer or valgrind: nothing is measured by it.
inline constexpr std::chrono::seconds patience{20};

/// Waits for a condition that nobody tells about.
template <class Condition>
void wait_until(const std::string &what, Condition &&condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("waited in vain for " + what);
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

} // namespace support

#endif
