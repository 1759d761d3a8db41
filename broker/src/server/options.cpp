#include "server/options.h"

#include "client/origin.h"
#include "http/trusted_proxies.h"
#include "net/address.h"
#include "server/option_sources.h"
#include "store/storage_dir.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace webrocket {
namespace {

constexpr std::chrono::milliseconds interval_max = std::chrono::hours(24 * 365);

void add_interval(CLI::App &app, const std::string &flag, std::chrono::milliseconds &interval,
                  const std::string &description,
                  std::chrono::milliseconds least = std::chrono::milliseconds(1)) {
    app.add_option_function<std::int64_t>(
           flag, [&interval](std::int64_t ms) { interval = std::chrono::milliseconds(ms); },
           description)
        ->check(CLI::Range(std::int64_t{least.count()}, std::int64_t{interval_max.count()}))
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

// Puts what is given into the form in which it is used.
CLI::Validator origin_form() {
    return {[](std::string &text) -> std::string {
                try {
                    text = normalized_origin(text);
                    return {};
                } catch (const std::invalid_argument &error) {
                    return "not an origin (SCHEME://HOST[:PORT]): " + text + ": " + error.what();
                }
            },
            ""};
}

class OptionDefinitions {
  public:
    OptionDefinitions(CLI::App &app, Options &options) : app_(app), options_(options) {
        app_.option_defaults()->always_capture_default();
        app_.add_option("--config", config_, "Reads options from a file: lines of NAME = VALUE")
            ->type_name("FILE")
            ->default_str("");
        add_addresses();
        add_encryption();
        add_process();
        add_browser_rules();
        add_limits();
        add_intervals();
    }

  private:
    void add_addresses() {
        const auto is_address =
            refusing([](const std::string &text) { return !parse_address(text).empty(); },
                     "not an address (IP:PORT, [IPv6]:PORT, localhost:PORT or :PORT): ");
        app_.add_option("--addr", options_.addr,
                        "Where browsers and backends connect; port 0: any free one")
            ->type_name("HOST:PORT")
            ->check(is_address);
        app_.add_option("--admin-addr", options_.admin_addr, "Where the admin tool connects")
            ->type_name("HOST:PORT")
            ->check(is_address);
        const auto is_range =
            refusing([](const std::string &text) { return AddressRange::parse(text).has_value(); },
                     "not a range of addresses (10.0.0.0/8, 2001:db8::/32): ");
        app_.add_option("--trusted-proxy", options_.trusted_proxies,
                        "Believe proxies of these addresses where a client is (Forwarded, "
                        "X-Forwarded-For); may be repeated")
            ->type_name("CIDR")
            ->default_str("")
            ->allow_extra_args(false)
            ->check(is_range);
        app_.add_option("--admin-socket", options_.admin_socket,
                        "A unix socket on which root and the server's own user need no cookie; "
                        "none: without it; else NODE.sock in the storage directory")
            ->type_name("PATH");
    }

    void add_encryption() {
        const auto add_pair = [this](const std::string &prefix, TlsFiles &files,
                                     const std::string &port) {
            auto *certificate =
                app_.add_option(prefix + "-cert", files.certificate,
                                "TLS on " + port + ": its certificate and chain (PEM)")
                    ->type_name("FILE")
                    ->default_str("");
            auto *key =
                app_.add_option(prefix + "-key", files.key, "The key of that certificate (PEM)")
                    ->type_name("FILE")
                    ->default_str("");
            certificate->needs(key);
            key->needs(certificate);
        };
        add_pair("--tls", options_.tls, "the port of browsers and backends");
        add_pair("--admin-tls", options_.admin_tls, "the admin port");
        app_.add_option("--tls-min-version", options_.tls_rules.min_version,
                        "The oldest version of TLS that is spoken, on both ports")
            ->check(CLI::IsMember({"1.2", "1.3"}));
        app_.add_option("--tls-ciphers", options_.tls_rules.ciphers,
                        "The suites of TLS 1.2, as OpenSSL calls them, on both ports")
            ->type_name("LIST")
            ->check(refusing(names_ciphers, "OpenSSL knows no suite of these: "));
    }

    void add_process() {
        app_.add_flag(
            "--compatible", options_.compatible,
            "The defaults of 2012, where pages and backends of that time could miss them; "
            "what is given goes before them");
        const auto is_node_name =
            refusing([](const std::string &text) { return is_valid_node_name(text); },
                     "not a node name (two characters or more, no slash): ");
        constexpr std::size_t threads_max = 256;
        app_.add_option("--threads", options_.threads,
                        "Event loops over which the connections are spread")
            ->check(CLI::Range(std::size_t{1}, threads_max))
            ->type_name("N");
        app_.add_option("--storage-dir", options_.storage_dir, "Where everything lasting is kept")
            ->type_name("DIR");
        app_.add_option(
                "--node-name", options_.node_name,
                "The name of this node; without one, webrocket or the only one that has its "
                "storage there")
            ->type_name("NAME")
            ->check(is_node_name);
        app_.add_flag(
            "--core-dumps", options_.core_dumps,
            "Leave a core dump after a crash, which holds the tokens that were in memory");
        app_.add_option("--ready-file", options_.ready_file,
                        "Written once the server listens: its addresses and its cookie file, as "
                        "JSON")
            ->type_name("FILE");
        app_.add_option("--log-level", options_.log_level, "How much is logged to standard error")
            ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
        app_.add_option("--log-format", options_.log_format, "Lines for people or for machines")
            ->check(CLI::IsMember({"text", "json"}));
    }

    void add_browser_rules() {
        app_.add_option("--allow-origin", options_.frontend.allowed_origins,
                        "Accept browsers of this origin only (https://*.example.org: of its "
                        "subdomains); may be repeated")
            ->type_name("ORIGIN")
            ->default_str("")
            ->allow_extra_args(false)
            ->transform(origin_form());
        app_.add_flag("--worker-events-need-auth",
                      options_.frontend.session.worker_events_need_auth,
                      "Workers hear only of events of authenticated browsers");
        app_.add_flag(
            "--vhost-script,!--no-vhost-script", options_.vhost_script,
            "Serve /VHOST/webrocket.js, which connects a page to that vhost; the default");
    }

    void add_limits() {
        add_limit("--max-connections", options_.vhost_limits.connections_max,
                  "Browsers connected to one vhost at a time");
        add_limit_or_none("--max-connections-in-all", options_.connections_max,
                          "Connections of browsers and backends at a time; 0: as many as the file "
                          "descriptors carry");
        add_limit_or_none("--max-connections-per-address", options_.connections_per_address_max,
                          "Of those, from one address; 0: half of them");
        add_limit_or_none("--max-handshakes-per-second-per-address",
                          options_.handshakes_per_second_max,
                          "WebSockets that one address opens; 0: as many as it likes");
        add_limit("--max-channels", options_.vhost_limits.channels_max, "Channels of one vhost");
        add_limit("--max-subscriptions", options_.frontend.session.subscriptions_max,
                  "Channels of one browser at a time");
        add_limit("--max-tokens", options_.vhost_limits.tokens.outstanding_max,
                  "Single access tokens waiting for use, of one vhost");
        add_limit("--max-token-bytes", options_.vhost_limits.tokens.bytes_max,
                  "Of those tokens together");
        add_limit("--max-workers", options_.vhost_limits.workers.workers_max,
                  "Event streams of one vhost at a time");
        add_limit("--max-filters", options_.vhost_limits.workers.filters_max,
                  "Different filters of one vhost's workers at a time");
        add_limit("--max-batch", options_.backend.batch_max,
                  "Triggers in one request of a backend");
        add_limit("--max-members-per-uid", options_.vhost_limits.members_per_uid_max,
                  "Subscriptions of one user to one presence channel");
        add_limit("--max-message-bytes,--max-frame-bytes",
                  options_.frontend.session.message_bytes_max,
                  "Of one message of a browser; the second name is the old one");
        add_limit("--max-first-message-bytes", options_.frontend.session.first_message_bytes_max,
                  "Of one message of a browser that has neither authenticated nor subscribed yet");
        app_.add_option("--max-nesting", options_.frontend.session.nesting_max,
                        "Objects and lists within each other in a message of a browser")
            ->check(CLI::Range(std::size_t{2}, json_depth_max))
            ->type_name("N");
        add_limit_or_none("--max-messages-per-second",
                          options_.frontend.session.messages_per_second_max,
                          "Of one browser; 0: as many as it likes");
        add_limit_or_none("--max-bytes-per-second", options_.frontend.session.bytes_per_second_max,
                          "Of one browser's messages; 0: as many as it likes");
        add_limit("--client-queue-bytes", options_.frontend.pending_bytes_max,
                  "Unsent bytes at which a slow browser is dropped");
        add_limit("--http-queue-bytes", options_.http_queue_bytes_max,
                  "Answers of a port that their clients do not read");
        add_limit("--worker-queue-bytes", options_.backend.streams.pending_bytes_max,
                  "Unsent bytes at which a slow worker is dropped");
    }

    void add_limit(const std::string &flag, std::size_t &limit, const std::string &description) {
        app_.add_option(flag, limit, description)->check(CLI::PositiveNumber)->type_name("N");
    }

    void add_limit_or_none(const std::string &flag, std::size_t &limit,
                           const std::string &description) {
        app_.add_option(flag, limit, description)->check(CLI::NonNegativeNumber)->type_name("N");
    }

    void add_intervals() {
        add_interval(app_, "--token-lifetime-ms", options_.vhost_limits.tokens.lifetime,
                     "How long a single access token waits for its use");
        add_interval(app_, "--ping-interval-ms", options_.frontend.session.ping_interval,
                     "Between pings to a browser; one that answers none is dropped");
        add_interval(app_, "--heartbeat-interval-ms", options_.backend.streams.heartbeat_interval,
                     "Between heartbeats to a worker");
        add_interval(app_, "--handshake-timeout-ms", options_.connection_times.handshake,
                     "For a TLS handshake, and for the head of a request from its first byte on");
        add_interval(app_, "--message-timeout-ms", options_.frontend.session.message_time,
                     "For a message of a browser, from its first byte to its last");
        add_interval(app_, "--newcomer-timeout-ms", options_.frontend.session.newcomer_time,
                     "For a browser to authenticate or subscribe; 0: as long as it likes",
                     std::chrono::milliseconds(0));
        add_interval(app_, "--http-timeout-ms", options_.http_timeout,
                     "For a request to arrive, and for the next one to follow");
        add_interval(app_, "--drain-ms", options_.drain,
                     "How long a stop waits for connections to end in good order");
    }

    CLI::App &app_;
    Options &options_;
    std::string config_; // read already
};

// Those that say how the server is to run.
std::vector<const CLI::Option *> settings_in(const CLI::App &app) {
    static constexpr std::array<std::string_view, 4> others = {"help", "version", "check-config",
                                                               "config"};
    std::vector<const CLI::Option *> settings;
    for (const CLI::Option *option : app.get_options()) {
        const auto &names = option->get_lnames();
        if (!names.empty() &&
            std::find(others.begin(), others.end(), names.front()) == others.end())
            settings.push_back(option);
    }
    return settings;
}

std::vector<std::string> values_of(const CLI::Option &option) {
    return option.count() > 0 ? option.results()
                              : std::vector<std::string>{option.get_default_str()};
}

// `threads = 2 # WEBROCKET_THREADS`: what is in force, as a file of --config would have it.
std::string in_force(const CLI::Option &option, const OptionSources &sources) {
    const auto values = values_of(option);
    const std::string &name = option.get_lnames().front();
    if (values.empty() || values.front().empty())
        return fmt::format("# {} is not set\n", name);
    const std::string where = sources.where(option);
    const std::string origin = option.count() == 0 ? "the default"
                               : where.empty()     ? "the command line"
                                                   : where;
    const bool is_plain = values.front().find_first_of(" \t#'[]") == std::string::npos;
    return values.size() == 1 && is_plain
               ? fmt::format("{} = {} # {}\n", name, values.front(), origin)
               : fmt::format("{} = [\"{}\"] # {}\n", name, fmt::join(values, "\", \""), origin);
}

std::string what_is_in_force(const CLI::App &app, const OptionSources &sources) {
    std::string text;
    for (const CLI::Option *option : settings_in(app))
        text += in_force(*option, sources);
    return text;
}

// For what it is told whatever the environment and the file say.
bool only_asks(const std::vector<std::string> &command_line) {
    return std::any_of(command_line.begin(), command_line.end(), [](const std::string &argument) {
        return argument == "--help" || argument == "-h" || argument == "--version";
    });
}

// docs/upgrading-from-2012.md lists them.
Options options_of_2012() {
    Options options;
    options.vhost_limits.tokens.lifetime = interval_max;
    options.vhost_limits.members_per_uid_max = 1000000;
    options.frontend.session.message_bytes_max = std::size_t{1} << 20;
    options.frontend.session.first_message_bytes_max = options.frontend.session.message_bytes_max;
    options.frontend.session.messages_per_second_max = 0;
    options.frontend.session.bytes_per_second_max = 0;
    options.frontend.session.newcomer_time = std::chrono::milliseconds(0);
    return options;
}

void parse(CLI::App &app, const std::vector<std::string> &arguments) {
    // The parser wants them last one first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
}

// One that cannot be read is told of later.
bool is_set(const CLI::Option &flag) {
    try {
        return flag.count() > 0 && flag.as<bool>();
    } catch (const CLI::Error &) {
        return false;
    }
}

// It decides what the defaults are, so it has to be known before everything else.
bool is_compatible(const std::vector<std::string> &command_line) {
    Options ignored;
    CLI::App app;
    const OptionDefinitions definitions(app, ignored);
    try {
        parse(app, OptionSources(app, command_line, false).arguments());
    } catch (const CLI::Error &) { // NOLINT(bugprone-empty-catch): said when it counts
    }
    return is_set(*app.get_option("--compatible"));
}

constexpr const char *check_flag = "--check-config";

// Of a member, or of one of a member.
template <auto... path>
void take(Options &options, const Options &fresh) {
    (options.*....*path) = (fresh.*....*path);
}

using Taking = void (*)(Options &, const Options &);

// What can change while the server runs.
constexpr std::array<std::pair<std::string_view, Taking>, 26> changeable = {{
    {"compatible", take<&Options::compatible>},
    {"log-level", take<&Options::log_level>},
    {"drain-ms", take<&Options::drain>},
    {"allow-origin", take<&Options::frontend, &FrontendRules::allowed_origins>},
    {"worker-events-need-auth",
     take<&Options::frontend, &FrontendRules::session, &SessionRules::worker_events_need_auth>},
    {"max-connections-in-all", take<&Options::connections_max>},
    {"max-connections-per-address", take<&Options::connections_per_address_max>},
    {"max-handshakes-per-second-per-address", take<&Options::handshakes_per_second_max>},
    {"max-connections", take<&Options::vhost_limits, &VhostLimits::connections_max>},
    {"max-channels", take<&Options::vhost_limits, &VhostLimits::channels_max>},
    {"max-workers",
     take<&Options::vhost_limits, &VhostLimits::workers, &WorkerLimits::workers_max>},
    {"max-filters",
     take<&Options::vhost_limits, &VhostLimits::workers, &WorkerLimits::filters_max>},
    {"max-members-per-uid", take<&Options::vhost_limits, &VhostLimits::members_per_uid_max>},
    {"max-tokens",
     take<&Options::vhost_limits, &VhostLimits::tokens, &TokenLimits::outstanding_max>},
    {"max-token-bytes",
     take<&Options::vhost_limits, &VhostLimits::tokens, &TokenLimits::bytes_max>},
    {"token-lifetime-ms",
     take<&Options::vhost_limits, &VhostLimits::tokens, &TokenLimits::lifetime>},
    {"max-subscriptions",
     take<&Options::frontend, &FrontendRules::session, &SessionRules::subscriptions_max>},
    {"max-batch", take<&Options::backend, &BackendRules::batch_max>},
    {"max-message-bytes",
     take<&Options::frontend, &FrontendRules::session, &SessionRules::message_bytes_max>},
    {"max-first-message-bytes",
     take<&Options::frontend, &FrontendRules::session, &SessionRules::first_message_bytes_max>},
    {"max-nesting", take<&Options::frontend, &FrontendRules::session, &SessionRules::nesting_max>},
    {"max-messages-per-second",
     take<&Options::frontend, &FrontendRules::session, &SessionRules::messages_per_second_max>},
    {"max-bytes-per-second",
     take<&Options::frontend, &FrontendRules::session, &SessionRules::bytes_per_second_max>},
    {"client-queue-bytes", take<&Options::frontend, &FrontendRules::pending_bytes_max>},
    {"worker-queue-bytes",
     take<&Options::backend, &BackendRules::streams, &WorkerStreamRules::pending_bytes_max>},
    {"http-queue-bytes", take<&Options::http_queue_bytes_max>},
}};

// Each option with what is given to it.
std::vector<std::vector<std::string>> each_option(const std::vector<std::string> &arguments) {
    std::vector<std::vector<std::string>> options;
    for (const auto &argument : arguments) {
        if (options.empty() || argument.starts_with("--"))
            options.emplace_back();
        options.back().push_back(argument);
    }
    return options;
}

// The parser stops at the first that it finds, so it is asked about each option alone.
std::vector<std::string> all_faults(const std::vector<std::string> &arguments,
                                    const CLI::ParseError &first) {
    std::vector<std::string> faults;
    for (const auto &option : each_option(arguments)) {
        Options ignored;
        CLI::App app;
        const OptionDefinitions definitions(app, ignored);
        app.add_flag(check_flag);
        try {
            parse(app, option);
        } catch (const CLI::RequiresError &) { // NOLINT(bugprone-empty-catch): it is alone
        } catch (const CLI::ParseError &error) {
            if (error.get_exit_code() != 0)
                faults.emplace_back(error.what());
        }
    }
    if (faults.empty())
        faults.emplace_back(first.what());
    return faults;
}

// A line for each. Whoever has written it on the command line gets a hint there.
std::string complaint_of(const OptionSources &sources, const std::vector<std::string> &faults) {
    std::string text;
    bool is_at_hand = false;
    for (const auto &complaint : sources.complaints())
        text += fmt::format("webrocket-server: {}\n", complaint);
    for (const auto &fault : faults) {
        const std::string where = sources.where(fault);
        is_at_hand = is_at_hand || where.empty();
        text +=
            where.empty() ? fault + "\n" : fmt::format("webrocket-server: {}: {}\n", where, fault);
    }
    if (is_at_hand)
        text += "Run with --help for more information.\n";
    return text;
}

} // namespace

ParsedOptions parse_options(int argc, char **argv, const std::string &version) {
    ParsedOptions parsed;
    const std::vector<std::string> command_line(argv + 1, argv + argc);
    if (is_compatible(command_line))
        parsed.options = options_of_2012();
    CLI::App app("WebRocket: a broker between browsers and backends", "webrocket-server");
    app.set_version_flag("--version", "webrocket-server " + version);
    app.footer(
        "Every option may also come from the environment (WEBROCKET_ADMIN_ADDR for --admin-addr) "
        "or\nfrom the file of --config; the command line comes first, then the environment, then "
        "the file.\n\n"
        "SIGHUP: certificates, limits, origins and the log level are read again. It ends with 0 "
        "after SIGINT or SIGTERM, with 1 when "
        "it\ncannot do its work, and with 2 after a wrong command line.");
    const OptionDefinitions definitions(app, parsed.options);
    app.add_flag(
        check_flag, parsed.checks,
        "Say what is wrong with the options, or what would be in force, and start nothing");
    const OptionSources sources(app, command_line, only_asks(command_line));
    std::vector<std::string> faults;
    try {
        parse(app, sources.arguments());
    } catch (const CLI::ParseError &error) {
        if (error.get_exit_code() == 0) {
            std::ostringstream output;
            parsed.run = false;
            parsed.checks = false;
            parsed.exit_status = app.exit(error, output, output);
            parsed.output = output.str();
            return parsed;
        }
        faults = all_faults(sources.arguments(), error);
    }
    parsed.complaint = complaint_of(sources, faults);
    if (!parsed.complaint.empty()) {
        parsed.run = false;
        parsed.exit_status = usage_error;
        return parsed;
    }
    for (const CLI::Option *option : settings_in(app))
        parsed.values[option->get_lnames().front()] =
            fmt::to_string(fmt::join(values_of(*option), ", "));
    if (parsed.checks) {
        parsed.output = what_is_in_force(app, sources);
        parsed.run = false;
    }
    return parsed;
}

bool take_changeable(Options &options, const std::string &option, const Options &fresh) {
    const auto found = std::find_if(changeable.begin(), changeable.end(),
                                    [&option](const auto &one) { return one.first == option; });
    if (found == changeable.end())
        return false;
    found->second(options, fresh);
    return true;
}

} // namespace webrocket
