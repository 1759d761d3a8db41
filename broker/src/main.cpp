#include "descriptors.h"
#include "log.h"
#include "options.h"
#include "server.h"

#include <csignal>
#include <cstdio>
#include <exception>

#ifndef WEBROCKET_VERSION
#define WEBROCKET_VERSION "0.0.0"
#endif

int main(int argc, char **argv) {
    try {
        const auto parsed = webrocket::parse_options(argc, argv, WEBROCKET_VERSION);
        if (!parsed.run)
            return parsed.exit_status;
        webrocket::set_up_log(parsed.options.log_level, parsed.options.log_format);
        // A peer that has gone and a file that may not grow are errors to deal with, not to die of.
        std::signal(SIGPIPE, SIG_IGN);
        std::signal(SIGXFSZ, SIG_IGN);
        webrocket::raise_descriptor_limit();
        webrocket::Server server(parsed.options);
        server.run();
        webrocket::finish_log();
        return 0;
    } catch (const std::exception &error) {
        if (webrocket::finish_log())
            std::fprintf(stderr, "webrocket-server: %s\n", error.what());
        return 1;
    }
}
