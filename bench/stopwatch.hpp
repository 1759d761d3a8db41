#pragma once

#include "processor_time.hpp"

#include <chrono>
#include <cstdio>

/// Time and processor time of this process since it was made, over a number of operations.
class stopwatch {
  public:
    stopwatch() : wall_(std::chrono::steady_clock::now()), cpu_(own_cpu_seconds()) {}

    void print(long operations) const {
        const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - wall_;
        std::printf("{\"operations\": %ld, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", operations,
                    wall.count(), own_cpu_seconds() - cpu_);
    }

  private:
    std::chrono::steady_clock::time_point wall_;
    double cpu_;
};
