// The command line of the server.
#pragma once

#include "event_loop.h"
#include "token_book.h"

#include <cstdint>
#include <string>
#include <vector>

namespace webrocket {

struct Options {
    std::string addr = "0.0.0.0:8080";
    std::string admin_addr = "127.0.0.1:8081";
    std::string storage_dir = "/var/lib/webrocket";
    std::string node_name; // default: uname -n
    std::string ready_file;
    std::string log_level = "info";
    std::vector<std::string> allowed_origins;
    bool worker_events_need_auth = false;
    TimerIntervals intervals;
    TokenLimits tokens;
    std::size_t subscriptions_max = 1000;
    std::size_t worker_queue_bytes_max = std::size_t{16} << 20;
    std::size_t client_queue_bytes_max = std::size_t{8} << 20;
};

struct ParsedOptions {
    Options options;
    bool run = true;     // false: everything is said already
    int exit_status = 0; // then
};

// Says what is to be said (help, version, what is wrong) itself.
ParsedOptions parse_options(int argc, char **argv, const std::string &version);

} // namespace webrocket
