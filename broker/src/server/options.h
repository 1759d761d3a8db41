// The options of the server: from the command line, the environment and a file.
#pragma once

#include "api/backend_api.h"
#include "client/websocket_handshake.h"
#include "event_log/event_log.h"
#include "groups/groups.h"
#include "http/http_connection.h"
#include "hub/vhost.h"
#include "net/connection_times.h"
#include "net/tls.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace webrocket {

struct Options {
    bool compatible = false; // its defaults are those of the broker of 2012
    std::string addr = ":8080";
    std::string admin_addr = "localhost:8081";
    std::string admin_socket; // none: without one; empty: in the storage directory
    TlsFiles tls;
    TlsFiles admin_tls;
    TlsRules tls_rules; // of both
    bool core_dumps = false;
    std::string storage_dir = "/var/lib/webrocket";
    std::string node_name; // empty: found in the storage directory
    std::string ready_file;
    std::string log_level = "info";
    std::string log_format = "text";
    std::size_t threads = 1;
    std::chrono::milliseconds drain{3000};
    std::vector<std::string> trusted_proxies; // ranges of addresses
    bool vhost_script = true;
    FrontendRules frontend;
    BackendRules backend;
    VhostLimits vhost_limits;
    GroupLimits groups;
    Durability durability = Durability::batch;
    ConnectionTimes connection_times; // whose handshake is the time for a request's head, too
    std::chrono::milliseconds http_timeout = HttpTimes().request;
    std::size_t connections_max = 0;             // of all vhosts; 0: what the descriptors carry
    std::size_t connections_per_address_max = 0; // 0: half of that
    std::size_t handshakes_per_second_max = 0;   // of one address; 0: as many as it likes
    std::size_t http_queue_bytes_max = std::size_t{32} << 20;
    std::size_t memory_max = 0; // held for all peers; 0: half of what there is
};

struct ParsedOptions {
    Options options;
    std::map<std::string, std::string> values; // in force, by the option's name
    bool run = true;                           // false: only what follows is wanted
    bool checks = false;                       // likewise, and what a start would meet with
    int exit_status = 0;
    std::string output;    // help, version, what is in force
    std::string complaint; // what is wrong, a line for each
};

inline constexpr int usage_error = 2; // an exit status

ParsedOptions parse_options(int argc, char **argv, const std::string &version);

// Takes one over from `fresh`; false for those that need a restart, and cannot change while the
// server runs.
bool take_changeable(Options &options, const std::string &option, const Options &fresh);

} // namespace webrocket
