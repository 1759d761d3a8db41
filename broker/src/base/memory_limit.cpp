#include "base/memory_limit.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

namespace webrocket {
namespace {

constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() ? std::optional(number) : std::nullopt;
}

// "max" and what is not there are no limit.
std::uint64_t limit_in(const std::filesystem::path &file) {
    std::string text;
    std::ifstream(file) >> text;
    return number_in(text).value_or(unlimited);
}

std::uint64_t machine_memory(const std::filesystem::path &root) {
    std::ifstream file(root / "proc/meminfo");
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t kib = 0;
        if (words >> name >> kib && name == "MemTotal:")
            return kib * 1024;
    }
    return unlimited;
}

// Of the group and of all around it. A container may be shown its group as the outermost one, and
// told of a path that it does not see.
std::uint64_t group_limit(const std::filesystem::path &mounted, std::string_view group,
                          const char *file) {
    std::uint64_t least = limit_in(mounted / file);
    auto directory = mounted;
    std::istringstream names{std::string(group)};
    for (std::string name; std::getline(names, name, '/');) {
        if (name == "..")
            break;
        directory /= name;
        least = std::min(least, limit_in(directory / file));
    }
    return least;
}

// A line is NUMBER:CONTROLLERS:GROUP; of version 2 0::GROUP.
std::uint64_t limit_of_line(const std::filesystem::path &groups, std::string_view line) {
    const auto first = line.find(':');
    const auto second = line.find(':', first == std::string_view::npos ? first : first + 1);
    if (second == std::string_view::npos)
        return unlimited;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const auto group = line.substr(second + 1);
    if (controllers.empty())
        return group_limit(groups, group, "memory.max");
    if (controllers == "memory")
        return group_limit(groups / "memory", group, "memory.limit_in_bytes");
    return unlimited;
}

} // namespace

std::uint64_t memory_of_process(const std::filesystem::path &root) {
    std::uint64_t least = machine_memory(root);
    std::ifstream file(root / "proc/self/cgroup");
    for (std::string line; std::getline(file, line);)
        least = std::min(least, limit_of_line(root / "sys/fs/cgroup", line));
    return least;
}

} // namespace webrocket
