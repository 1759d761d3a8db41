#include "options.h"

#include "address.h"
#include "names.h"
#include "trusted_proxies.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <sys/utsname.h>

namespace webrocket {
namespace {

constexpr int usage_error = 2;

std::string default_node_name() {
    utsname names{};
    return uname(&names) == 0 ? std::string(static_cast<const char *>(names.nodename))
                              : std::string("localhost");
}

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

// As browsers send it. One with a path, or no more than a slash, would never match.
bool looks_like_origin(const std::string &text) {
    if (text == "null")
        return true;
    const auto scheme_end = text.find("://");
    return scheme_end != std::string::npos && scheme_end > 0 && text.size() > scheme_end + 3 &&
           text.find_first_of("/?#@ \t", scheme_end + 3) == std::string::npos;
}

class OptionDefinitions {
  public:
    OptionDefinitions(CLI::App &app, Options &options) : app_(app), options_(options) {
        app_.option_defaults()->always_capture_default();
        app_.set_config("--config", "", "Reads options from a file: lines of NAME = VALUE")
            ->type_name("FILE");
        app_.allow_config_extras(CLI::config_extras_mode::error);
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
            refusing([](const std::string &text) { return parse_address(text).has_value(); },
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
        app_.add_option("--node-name", options_.node_name, "The name of this node")
            ->type_name("NAME")
            ->check(is_node_name);
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
        const auto is_origin =
            refusing(looks_like_origin, "not an origin (SCHEME://HOST[:PORT]): ");
        app_.add_option("--allow-origin", options_.allowed_origins,
                        "Accept browsers of this origin only; may be repeated")
            ->type_name("ORIGIN")
            ->default_str("")
            ->allow_extra_args(false)
            ->check(is_origin);
        app_.add_flag("--worker-events-need-auth", options_.worker_events_need_auth,
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
        add_limit("--max-subscriptions", options_.subscriptions_max,
                  "Channels of one browser at a time");
        add_limit("--max-tokens", options_.vhost_limits.tokens.outstanding_max,
                  "Single access tokens waiting for use, of one vhost");
        add_limit("--max-token-bytes", options_.vhost_limits.tokens.bytes_max,
                  "Of those tokens together");
        add_limit("--max-workers", options_.vhost_limits.workers_max,
                  "Event streams of one vhost at a time");
        add_limit("--max-filters", options_.vhost_limits.filters_max,
                  "Different filters of one vhost's workers at a time");
        add_limit("--max-batch", options_.batch_max, "Triggers in one request of a backend");
        add_limit("--max-members-per-uid", options_.vhost_limits.members_per_uid_max,
                  "Subscriptions of one user to one presence channel");
        add_limit("--max-message-bytes,--max-frame-bytes", options_.message_bytes_max,
                  "Of one message of a browser; the second name is the old one");
        add_limit("--max-first-message-bytes", options_.first_message_bytes_max,
                  "Of one message of a browser that has neither authenticated nor subscribed yet");
        app_.add_option("--max-nesting", options_.nesting_max,
                        "Objects and lists within each other in a message of a browser")
            ->check(CLI::Range(std::size_t{2}, json_depth_max))
            ->type_name("N");
        add_limit_or_none("--max-messages-per-second", options_.messages_per_second_max,
                          "Of one browser; 0: as many as it likes");
        add_limit_or_none("--max-bytes-per-second", options_.bytes_per_second_max,
                          "Of one browser's messages; 0: as many as it likes");
        add_limit("--client-queue-bytes", options_.client_queue_bytes_max,
                  "Unsent bytes at which a slow browser is dropped");
        add_limit("--http-queue-bytes", options_.http_queue_bytes_max,
                  "Answers of a port that their clients do not read");
        add_limit("--worker-queue-bytes", options_.worker_queue_bytes_max,
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
        add_interval(app_, "--ping-interval-ms", options_.intervals.websocket_ping,
                     "Between pings to a browser; one that answers none is dropped");
        add_interval(app_, "--heartbeat-interval-ms", options_.intervals.worker_heartbeat,
                     "Between heartbeats to a worker");
        add_interval(app_, "--handshake-timeout-ms", options_.intervals.handshake,
                     "For a TLS handshake, and for the head of a request from its first byte on");
        add_interval(app_, "--message-timeout-ms", options_.intervals.message,
                     "For a message of a browser, from its first byte to its last");
        add_interval(app_, "--newcomer-timeout-ms", options_.intervals.newcomer,
                     "For a browser to authenticate or subscribe; 0: as long as it likes",
                     std::chrono::milliseconds(0));
        add_interval(app_, "--http-timeout-ms", options_.intervals.http_request,
                     "For a request to arrive, and for the next one to follow");
        add_interval(app_, "--drain-ms", options_.drain,
                     "How long a stop waits for connections to end in good order");
    }

    CLI::App &app_;
    Options &options_;
};

// WEBROCKET_ADMIN_ADDR for --admin-addr.
std::string variable_of(const std::string &option) {
    std::string name = "WEBROCKET_" + option;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return name;
}

// By any of its names: --no-vhost-script is --vhost-script, too.
bool is_given(const std::vector<std::string> &arguments, const CLI::Option &option) {
    std::vector<std::string> names = option.get_lnames();
    names.insert(names.end(), option.get_fnames().begin(), option.get_fnames().end());
    return std::any_of(arguments.begin(), arguments.end(), [&names](const std::string &argument) {
        return std::any_of(names.begin(), names.end(), [&argument](const std::string &name) {
            return argument == "--" + name || argument.starts_with("--" + name + "=");
        });
    });
}

// A variable has one value, in which several are separated by commas or spaces.
std::vector<std::string> values_of(const CLI::Option &option, const std::string &text) {
    if (option.get_expected_max() <= 1)
        return {text};
    std::vector<std::string> values;
    constexpr const char *separators = ", \t";
    for (auto begin = text.find_first_not_of(separators); begin != std::string::npos;) {
        const auto end = text.find_first_of(separators, begin);
        values.push_back(text.substr(begin, end - begin));
        begin = text.find_first_not_of(separators, end);
    }
    return values;
}

// What the command line leaves open, as if it were written there.
std::vector<std::string> arguments_of_environment(const CLI::App &app,
                                                  const std::vector<std::string> &given) {
    std::vector<std::string> arguments;
    for (const CLI::Option *option : app.get_options()) {
        const auto &names = option->get_lnames();
        if (names.empty() || names.front() == "help" || names.front() == "version")
            continue;
        if (is_given(given, *option))
            continue;
        const auto &opposites = option->get_fnames();
        for (const auto &name : names) {
            if (std::find(opposites.begin(), opposites.end(), name) != opposites.end())
                continue;
            const char *text = std::getenv(variable_of(name).c_str());
            if (text == nullptr)
                continue;
            for (const auto &value : values_of(*option, text))
                arguments.push_back("--" + name + "=" + value);
        }
    }
    return arguments;
}

// The parser's complaints do not say when it was the file of --config that they are about.
std::optional<std::string> file_at_fault(const CLI::App &app,
                                         const std::vector<std::string> &arguments,
                                         const CLI::ParseError &error) {
    const CLI::Option *config = app.get_config_ptr();
    if (config->count() == 0 || error.get_exit_code() == 0)
        return std::nullopt;
    const std::string file = config->as<std::string>();
    const std::string complaint = error.what();
    const bool cannot_be_read = error.get_name() == "FileError";
    const bool names_an_argument =
        std::any_of(arguments.begin(), arguments.end(), [&complaint](const std::string &argument) {
            return complaint.find(argument.substr(0, argument.find('='))) != std::string::npos;
        });
    return cannot_be_read || names_an_argument ? std::nullopt : std::optional(file);
}

// docs/upgrading-from-2012.md lists them.
Options options_of_2012() {
    Options options;
    options.vhost_limits.tokens.lifetime = interval_max;
    options.vhost_limits.members_per_uid_max = 1000000;
    options.message_bytes_max = std::size_t{1} << 20;
    options.first_message_bytes_max = options.message_bytes_max;
    options.messages_per_second_max = 0;
    options.bytes_per_second_max = 0;
    options.intervals.newcomer = std::chrono::milliseconds(0);
    return options;
}

// The command line, and then what it leaves open.
std::vector<std::string> all_arguments(const CLI::App &app, int argc, char **argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto more = arguments_of_environment(app, arguments);
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

void parse(CLI::App &app, const std::vector<std::string> &arguments) {
    // The parser wants them last one first.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
}

// It decides what the defaults are, so it has to be known before everything else.
bool is_compatible(int argc, char **argv) {
    Options ignored;
    CLI::App app;
    const OptionDefinitions definitions(app, ignored);
    try {
        parse(app, all_arguments(app, argc, argv));
    } catch (const CLI::ParseError &) { // NOLINT(bugprone-empty-catch): said when it counts
    }
    const CLI::Option *option = app.get_option("--compatible");
    return option->count() > 0 && option->as<bool>();
}

} // namespace

ParsedOptions parse_options(int argc, char **argv, const std::string &version) {
    ParsedOptions parsed;
    if (is_compatible(argc, argv))
        parsed.options = options_of_2012();
    parsed.options.node_name = default_node_name();
    CLI::App app("WebRocket: a broker between browsers and backends", "webrocket-server");
    app.set_version_flag("--version", "webrocket-server " + version);
    app.footer(
        "Every option may also come from the environment (WEBROCKET_ADMIN_ADDR for --admin-addr) "
        "or\nfrom the file of --config; the command line comes first, then the environment, then "
        "the file.\n\n"
        "SIGHUP: certificates are read again. It ends with 0 after SIGINT or SIGTERM, with 1 when "
        "it\ncannot do its work, and with 2 after a wrong command line.");
    const OptionDefinitions definitions(app, parsed.options);
    const auto arguments = all_arguments(app, argc, argv);
    try {
        parse(app, arguments);
    } catch (const CLI::ParseError &error) {
        parsed.run = false;
        parsed.exit_status = usage_error;
        if (const auto file = file_at_fault(app, arguments, error))
            std::fprintf(stderr, "webrocket-server: %s: %s\n", file->c_str(), error.what());
        else
            parsed.exit_status = app.exit(error) == 0 ? 0 : usage_error;
    }
    return parsed;
}

} // namespace webrocket
