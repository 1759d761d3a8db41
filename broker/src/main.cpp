#include "base/log.h"
#include "server/descriptors.h"
#include "server/options.h"
#include "server/server.h"
#include "server/start_check.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <malloc.h>
#include <sys/resource.h>

#ifndef WEBROCKET_VERSION
#define WEBROCKET_VERSION "0.0.0"
#endif

namespace {

// A dump would hold the tokens that were in memory. With a limit of 0 it may still be piped to a
// program; with 1 the kernel makes none at all.
void switch_core_dumps_off() {
    rlimit limit{};
    if (getrlimit(RLIMIT_CORE, &limit) != 0)
        return;
    limit.rlim_cur = std::min<rlim_t>(1, limit.rlim_max);
    setrlimit(RLIMIT_CORE, &limit);
}

// Large blocks come from the kernel and go back to it, always: the C library would begin to keep
// them after the first one, in a heap that long-lived small ones then leave in pieces.
void give_large_blocks_back() {
    constexpr int large = 256 * 1024;
    constexpr int kept_free = 1024 * 1024;
    mallopt(M_MMAP_THRESHOLD, large);
    mallopt(M_TRIM_THRESHOLD, kept_free);
}

} // namespace

int main(int argc, char **argv) {
    try {
        const auto parse = [argc, argv] {
            return webrocket::parse_options(argc, argv, WEBROCKET_VERSION);
        };
        const auto parsed = parse();
        if (parsed.checks && parsed.exit_status == 0) {
            const auto obstacles = webrocket::obstacles_to_start(parsed.options);
            for (const auto &obstacle : obstacles)
                std::fprintf(stderr, "webrocket-server: %s\n", obstacle.c_str());
            if (!obstacles.empty())
                return webrocket::usage_error;
        }
        if (!parsed.run) {
            std::fputs(parsed.output.c_str(), stdout);
            std::fputs(parsed.complaint.c_str(), stderr);
            return parsed.exit_status;
        }
        webrocket::set_up_log(parsed.options.log_level, parsed.options.log_format);
        give_large_blocks_back();
        // A peer that has gone and a file that may not grow are errors to deal with, not to die of.
        std::signal(SIGPIPE, SIG_IGN);
        std::signal(SIGXFSZ, SIG_IGN);
        webrocket::raise_descriptor_limit();
        if (!parsed.options.core_dumps)
            switch_core_dumps_off();
        webrocket::Server server(parsed, parse);
        server.run();
        webrocket::finish_log();
        return 0;
    } catch (const std::exception &error) {
        if (webrocket::finish_log())
            std::fprintf(stderr, "webrocket-server: %s\n", error.what());
        return 1;
    }
}
