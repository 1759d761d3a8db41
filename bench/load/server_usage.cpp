#include "server_usage.hpp"

#include "failure.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>

#include <unistd.h>

double server_usage::cpu_seconds() const {
    long ticks = 0;
    for (const pid_t process : processes_) {
        std::ifstream file("/proc/" + std::to_string(process) + "/stat");
        std::string line;
        require(bool(std::getline(file, line)), "the server has ended");
        // The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th behind
        // it.
        std::istringstream fields(line.substr(line.rfind(')') + 1));
        std::string skipped;
        for (int i = 0; i < 11; ++i)
            fields >> skipped;
        long user = 0;
        long system = 0;
        fields >> user >> system;
        ticks += user + system;
    }
    return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

long server_usage::proportional_kilobytes() const {
    long kilobytes = 0;
    for (const pid_t process : processes_) {
        std::ifstream file("/proc/" + std::to_string(process) + "/smaps_rollup");
        for (std::string line; std::getline(file, line);) {
            long value = 0;
            if (std::sscanf(line.c_str(), "Pss: %ld kB", &value) == 1)
                kilobytes += value;
        }
    }
    require(kilobytes > 0, "the server's memory cannot be read");
    return kilobytes;
}
