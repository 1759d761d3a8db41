#include "server/descriptors.h"

#include <algorithm>
#include <sys/resource.h>

namespace webrocket {
namespace {

constexpr std::size_t admin_port = 64; // are kept for it

} // namespace

void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

std::size_t descriptor_limit() {
    rlimit limit{};
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? static_cast<std::size_t>(limit.rlim_cur) : 1024;
}

std::size_t connections_carried(std::size_t descriptors, std::size_t loops) {
    constexpr std::size_t process = 32; // storage, log, listeners
    constexpr std::size_t of_a_loop = 4;
    const std::size_t reserved = admin_port + process + loops * of_a_loop;
    // With next to none there is no right way to share them.
    return std::max(descriptors - std::min(descriptors, reserved), descriptors / 4);
}

std::size_t admin_connections_carried(std::size_t descriptors) {
    return std::max(admin_port, descriptors / 4);
}

} // namespace webrocket
