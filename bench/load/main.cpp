// The load of bench/broker.py: many browsers, some publishers, one thread.
//
// bench_load fan-out|idle|posts|worker|round-trips NAME=VALUE…
#include "failure.hpp"
#include "scenarios.hpp"

#include <cstdio>
#include <exception>
#include <map>

#include <sys/resource.h>

namespace {

/// Every connection is a descriptor.
void raise_descriptor_limit() {
    rlimit limit{};
    require_call(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
    limit.rlim_cur = limit.rlim_max;
    require_call(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

} // namespace

int main(int argc, char **argv) {
    static const std::map<std::string, void (*)(const settings &)> scenarios{
        {"fan-out", measure_fan_out},
        {"idle", measure_idle},
        {"posts", measure_posts},
        {"worker", measure_worker},
        {"round-trips", measure_round_trips},
    };
    try {
        const auto scenario = scenarios.find(argc > 1 ? argv[1] : "");
        require(scenario != scenarios.end(), "no such scenario");
        raise_descriptor_limit();
        scenario->second(settings(argc - 2, argv + 2));
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 1;
    }
}
