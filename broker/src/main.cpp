#include "options.h"
#include "server.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#ifndef WEBROCKET_VERSION
#define WEBROCKET_VERSION "0.0.0"
#endif

int main(int argc, char **argv) {
    try {
        const auto parsed = webrocket::parse_options(argc, argv, WEBROCKET_VERSION);
        if (!parsed.run)
            return parsed.exit_status;
        spdlog::set_default_logger(spdlog::stderr_color_mt("webrocket"));
        spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
        spdlog::set_level(spdlog::level::from_str(parsed.options.log_level));
        // A peer that has gone and a file that may not grow are errors to deal with, not to die of.
        std::signal(SIGPIPE, SIG_IGN);
        std::signal(SIGXFSZ, SIG_IGN);
        webrocket::Server server(parsed.options);
        server.run();
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "webrocket-server: %s\n", error.what());
        return 1;
    }
}
