// What the server's processes use, as /proc tells it.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

class server_usage {
  public:
    explicit server_usage(std::vector<pid_t> processes) : processes_(std::move(processes)) {}

    /// User and system time of all threads.
    double cpu_seconds() const;

    /// Memory that is theirs: what several of them share counts once.
    long proportional_kilobytes() const;

  private:
    std::vector<pid_t> processes_;
};
