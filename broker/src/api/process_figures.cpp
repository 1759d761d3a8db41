#include "api/process_figures.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

namespace webrocket {
namespace {

const auto started = std::chrono::system_clock::now();

double seconds(const timeval &time) {
    constexpr double micro = 1e-6;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * micro;
}

// Since Linux 6.2 the system says how many there are. Before, they have to be listed, which takes
// its time where there are very many.
std::optional<std::uint64_t> count_descriptors() {
    struct stat status {};
    if (::stat("/proc/self/fd", &status) == 0 && status.st_size > 0)
        return static_cast<std::uint64_t>(status.st_size);
    std::error_code error;
    const std::filesystem::directory_iterator entries("/proc/self/fd", error);
    if (error)
        return std::nullopt;
    // One of them is for counting.
    return static_cast<std::uint64_t>(std::distance(begin(entries), end(entries)) - 1);
}

} // namespace

ProcessFigures process_figures() {
    ProcessFigures figures;
    rusage usage{};
    if (::getrusage(RUSAGE_SELF, &usage) == 0)
        figures.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    figures.start_time = std::chrono::duration<double>(started.time_since_epoch()).count();
    std::uint64_t pages = 0;
    std::uint64_t resident_pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> resident_pages;
    const auto page_size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    figures.virtual_bytes = pages * page_size;
    figures.resident_bytes = resident_pages * page_size;
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        figures.descriptors_max = limit.rlim_cur;
    figures.descriptors = count_descriptors();
    return figures;
}

} // namespace webrocket
