#include "crowd.hpp"
#include "scenarios.hpp"

#include <cstdio>

void measure_idle(const settings &wishes) {
    const server_usage server = wishes.server();
    const std::size_t count = wishes.number("subscribers");
    const long before = server.proportional_kilobytes();
    poller loop;
    const auto crowd = gather_crowd(loop, wishes.language(), wishes.port(), count);
    std::printf("{\"kilobytes\": %ld, \"connections\": %zu}\n",
                server.proportional_kilobytes() - before, count);
}
