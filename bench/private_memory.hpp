#pragma once

#include <cstdio>
#include <fstream>
#include <string>

/// What this process has of memory that it can share with no other, since it has written on it;
/// printed as JSON. (Pages of a library's code that nobody else happens to have mapped are not
/// that.)
inline void print_private_memory() {
    std::ifstream rollup("/proc/self/smaps_rollup");
    long kilobytes = 0;
    for (std::string line; std::getline(rollup, line);) {
        long value = 0;
        if (std::sscanf(line.c_str(), "Private_Dirty: %ld kB", &value) == 1)
            kilobytes += value;
    }
    std::printf("{\"private_kilobytes\": %ld}\n", kilobytes);
}
