#pragma once

#include <chrono>
#include <cstdio>

#include <sys/resource.h>

/// Time and processor time of this process since it was made, over a number of operations.
class stopwatch {
  public:
    stopwatch() : wall_(std::chrono::steady_clock::now()), cpu_(cpu_seconds()) {}

    void print(long operations) const {
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
        std::printf("{\"operations\": %ld, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", operations,
                    wall.count(), cpu_seconds() - cpu_);
    }

  private:
    static double cpu_seconds() {
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        const auto seconds = [](const timeval &t) {
            return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
        };
        return seconds(usage.ru_utime) + seconds(usage.ru_stime);
    }

    std::chrono::steady_clock::time_point wall_;
    double cpu_;
};
