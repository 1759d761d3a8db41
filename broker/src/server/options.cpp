#include "server/options.h"

#include "server/option_definitions.h"
#include "server/option_sources.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sstream>
#include <string_view>

namespace webrocket {
namespace {

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
    options.vhost_limits.channels.roster.members_per_uid_max = 1000000;
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
constexpr std::array<std::pair<std::string_view, Taking>, 31> changeable = {{
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
    {"max-channels",
     take<&Options::vhost_limits, &VhostLimits::channels, &ChannelLimits::channels_max>},
    {"max-workers",
     take<&Options::vhost_limits, &VhostLimits::workers, &WorkerLimits::workers_max>},
    {"max-filters",
     take<&Options::vhost_limits, &VhostLimits::workers, &WorkerLimits::filters_max>},
    {"max-groups", take<&Options::groups, &GroupLimits::groups_max>},
    {"log-bytes-max", take<&Options::groups, &GroupLimits::log_bytes_max>},
    {"max-members-per-uid", take<&Options::vhost_limits, &VhostLimits::channels,
                                 &ChannelLimits::roster, &RosterLimits::members_per_uid_max>},
    {"max-tokens",
     take<&Options::vhost_limits, &VhostLimits::tokens, &TokenLimits::outstanding_max>},
    {"max-token-bytes",
     take<&Options::vhost_limits, &VhostLimits::tokens, &TokenLimits::bytes_max>},
    {"token-lifetime-ms",
     take<&Options::vhost_limits, &VhostLimits::tokens, &TokenLimits::lifetime>},
    {"max-subscriptions",
     take<&Options::frontend, &FrontendRules::session, &SessionRules::subscriptions_max>},
    {"keys-max", take<&Options::vhost_limits, &VhostLimits::keys, &KeyLimits::keys_max>},
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
    {"max-fan-out-bytes-per-second",
     take<&Options::vhost_limits, &VhostLimits::fan_out_bytes_per_second_max>},
    {"memory-max", take<&Options::memory_max>},
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

// What --help says beside the options.
void describe(CLI::App &app, const std::string &version) {
    app.set_version_flag("--version", "webrocket-server " + version);
    app.footer(
        "Every option may also come from the environment (WEBROCKET_ADMIN_ADDR for --admin-addr) "
        "or\nfrom the file of --config; the command line comes first, then the environment, then "
        "the file.\n\n"
        "SIGHUP: certificates, limits, origins and the log level are read again. It ends with 0 "
        "after SIGINT or SIGTERM, with 1 when "
        "it\ncannot do its work, and with 2 after a wrong command line.");
}

// --help or --version.
void answer_at_once(ParsedOptions &parsed, const CLI::App &app, const CLI::ParseError &asked) {
    std::ostringstream output;
    parsed.run = false;
    parsed.checks = false;
    parsed.exit_status = app.exit(asked, output, output);
    parsed.output = output.str();
}

} // namespace

ParsedOptions parse_options(int argc, char **argv, const std::string &version) {
    ParsedOptions parsed;
    const std::vector<std::string> command_line(argv + 1, argv + argc);
    if (is_compatible(command_line))
        parsed.options = options_of_2012();
    CLI::App app("WebRocket: a broker between browsers and backends", "webrocket-server");
    describe(app, version);
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
            answer_at_once(parsed, app, error);
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
