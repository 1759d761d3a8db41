#pragma once

#include "server_usage.hpp"

#include "../processor_time.hpp"

#include <chrono>
#include <cstdio>

/// What happened between its making and its end: time, and the processor time of both sides.
class measurement {
  public:
    explicit measurement(const server_usage &server)
        : server_(server), server_cpu_(server.cpu_seconds()), own_cpu_(own_cpu_seconds()),
          begin_(clock::now()) {}

    double elapsed() const { return std::chrono::duration<double>(clock::now() - begin_).count(); }

    void print(std::size_t operations) const {
        const double seconds = elapsed();
        std::printf("{\"operations\": %zu, \"seconds\": %.6f, \"cpu_seconds\": %.6f, "
                    "\"load_cpu_seconds\": %.6f}\n",
                    operations, seconds, server_.cpu_seconds() - server_cpu_,
                    own_cpu_seconds() - own_cpu_);
    }

  private:
    using clock = std::chrono::steady_clock;

    const server_usage &server_;
    double server_cpu_;
    double own_cpu_;
    clock::time_point begin_;
};
