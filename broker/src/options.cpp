#include "options.h"

#include "address.h"
#include "names.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <sys/utsname.h>

namespace webrocket {
namespace {

constexpr int usage_error = 2;

std::string default_node_name() {
    utsname names{};
    return uname(&names) == 0 ? std::string(static_cast<const char *>(names.nodename))
                              : std::string("localhost");
}

void add_interval(CLI::App &app, const std::string &flag, std::chrono::milliseconds &interval,
                  const std::string &description) {
    app.add_option_function<std::int64_t>(
           flag, [&interval](std::int64_t ms) { interval = std::chrono::milliseconds(ms); },
           description)
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1000} * 3600 * 24 * 365))
        ->type_name("MS")
        ->default_str(std::to_string(interval.count()));
}

CLI::Validator refusing(const std::function<bool(const std::string &)> &accepts,
                        const std::string &complaint) {
    return {[accepts, complaint](const std::string &text) {
                return accepts(text) ? std::string() : complaint + text;
            },
            ""};
}

// As browsers send it. One with a path, or no more than a slash, would never match.
bool looks_like_origin(const std::string &text) {
    if (text == "null")
        return true;
    const auto scheme_end = text.find("://");
    return scheme_end != std::string::npos && scheme_end > 0 && text.size() > scheme_end + 3 &&
           text.find_first_of("/?#@ \t", scheme_end + 3) == std::string::npos;
}

} // namespace

ParsedOptions parse_options(int argc, char **argv, const std::string &version) {
    ParsedOptions parsed;
    Options &options = parsed.options;
    options.node_name = default_node_name();

    CLI::App app("WebRocket: a broker between browsers and backends", "webrocket-server");
    app.set_version_flag("--version", "webrocket-server " + version);
    app.option_defaults()->always_capture_default();
    app.footer(
        "It ends with 0 after SIGINT or SIGTERM, with 1 when it cannot do its work, and with 2\n"
        "after a wrong command line.");
    const auto is_address =
        refusing([](const std::string &text) { return parse_address(text).has_value(); },
                 "not an address (IP:PORT, [IPv6]:PORT, localhost:PORT or :PORT): ");
    const auto is_node_name =
        refusing([](const std::string &text) { return is_valid_node_name(text); },
                 "not a node name (two characters or more, no slash): ");
    const auto is_origin = refusing(looks_like_origin, "not an origin (SCHEME://HOST[:PORT]): ");
    app.add_option("--addr", options.addr,
                   "Where browsers and backends connect; port 0: any free one")
        ->type_name("HOST:PORT")
        ->check(is_address);
    app.add_option("--admin-addr", options.admin_addr, "Where the admin tool connects")
        ->type_name("HOST:PORT")
        ->check(is_address);
    app.add_option("--storage-dir", options.storage_dir, "Where everything lasting is kept")
        ->type_name("DIR");
    app.add_option("--node-name", options.node_name, "The name of this node")
        ->type_name("NAME")
        ->check(is_node_name);
    app.add_option("--ready-file", options.ready_file,
                   "Written once the server listens: its addresses and its cookie file, as JSON")
        ->type_name("FILE");
    app.add_option("--log-level", options.log_level, "How much is logged to standard error")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
    app.add_option("--allow-origin", options.allowed_origins,
                   "Accept browsers of this origin only; may be repeated")
        ->type_name("ORIGIN")
        ->default_str("")
        ->allow_extra_args(false)
        ->check(is_origin);
    app.add_flag("--worker-events-need-auth", options.worker_events_need_auth,
                 "Workers hear only of events of authenticated browsers");
    app.add_option("--max-subscriptions", options.subscriptions_max, "Of one browser connection")
        ->check(CLI::PositiveNumber);
    app.add_option("--max-tokens", options.tokens.outstanding_max,
                   "Single access tokens waiting for use, of one vhost")
        ->check(CLI::PositiveNumber);
    app.add_option("--client-queue-bytes", options.client_queue_bytes_max,
                   "Unsent bytes at which a slow browser is dropped")
        ->check(CLI::PositiveNumber);
    app.add_option("--worker-queue-bytes", options.worker_queue_bytes_max,
                   "Unsent bytes at which a slow worker is dropped")
        ->check(CLI::PositiveNumber);
    add_interval(app, "--token-lifetime-ms", options.tokens.lifetime,
                 "How long a single access token waits for its use");
    add_interval(app, "--ping-interval-ms", options.intervals.websocket_ping,
                 "Between pings to a browser; one that answers none is dropped");
    add_interval(app, "--heartbeat-interval-ms", options.intervals.worker_heartbeat,
                 "Between heartbeats to a worker");
    add_interval(app, "--http-timeout-ms", options.intervals.http_request,
                 "For a request to arrive, and for the next one to follow");
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError &error) {
        parsed.run = false;
        parsed.exit_status = app.exit(error) == 0 ? 0 : usage_error;
    }
    return parsed;
}

} // namespace webrocket
