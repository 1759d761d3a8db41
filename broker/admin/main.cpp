// webrocket-admin: the operator's command line.
#include "base/json.h"
#include "commands.h"
#include "store/storage_dir.h"
#include "trusted_file.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <optional>
#include <system_error>
#include <unistd.h>

#ifndef WEBROCKET_VERSION
#define WEBROCKET_VERSION "0.0.0"
#endif

namespace {

struct Settings {
    std::optional<std::string> admin_addr;
    std::string admin_socket;
    std::string cookie;
    std::string node;
    std::string storage_dir = "/var/lib/webrocket";
    std::string ca_file;
    bool json = false;
    bool yes = false;
    std::string sort;
    std::string limit;
    std::vector<std::string> words;
};

// The options of the first tool had one dash.
std::vector<std::string> with_two_dashes(int argc, char **argv) {
    static constexpr std::array<std::string_view, 12> names = {
        "-admin-addr", "-admin-socket", "-cookie", "-node",    "-storage-dir", "-ca-file",
        "-json",       "-sort",         "-limit",  "-version", "-help",        "-yes"};
    std::vector<std::string> arguments(argv + 1, argv + argc);
    for (auto &argument : arguments) {
        const auto name = argument.substr(0, argument.find('='));
        if (std::find(names.begin(), names.end(), name) != names.end())
            argument.insert(0, 1, '-');
    }
    // The parser wants them last one first.
    std::reverse(arguments.begin(), arguments.end());
    return arguments;
}

std::string help() {
    std::string text =
        "Usage: webrocket-admin [options] command [args ...]\n\nAvailable commands\n";
    for (const auto &command : webrocket::admin_commands()) {
        text.append("  ").append(command.name);
        if (command.argument_count > 0)
            text.append(" ").append(command.arguments);
        text.append(": ").append(command.description).append("\n");
    }
    return text +
           "\nAvailable options\n"
           "  --admin-socket PATH      The server's admin socket (NODE.sock in the storage\n"
           "                           directory), which lets root and the server's user in\n"
           "  --admin-addr HOST:PORT   The server's admin address instead, with https:// before\n"
           "                           it when that is encrypted (127.0.0.1:8081 with --cookie)\n"
           "  --ca-file FILE           Who vouches for it, instead of the system's authorities\n"
           "  --yes                    Do what cannot be undone without asking for its name\n"
           "  --json                   Print the server's answers as they are, errors too\n"
           "  --cookie COOKIE          The server's cookie, instead of the one in its file\n"
           "  --node NAME              The server's node name (webrocket, or the only one there)\n"
           "  --storage-dir DIR        Where the cookie file is (/var/lib/webrocket)\n"
           "  --sort KEY               Of list_connections: sid, uid, address, since, messages,\n"
           "                           bytes, refused or queue (sid)\n"
           "  --limit N                Of list_connections and list_dead_letters: as many at\n"
           "                           most (100)\n"
           "  --version, --help, -h\n";
}

std::string reason(int error) { return std::generic_category().message(error); }

// An address and a cookie are for the TCP port; the socket needs neither.
bool uses_socket(const Settings &settings) {
    return !settings.admin_socket.empty() || (!settings.admin_addr && settings.cookie.empty());
}

std::string file_of_node(const Settings &settings, const char *extension) {
    return (settings.node.empty() ? webrocket::find_node(settings.storage_dir) : settings.node) +
           extension;
}

std::string cookie_file(const Settings &settings) {
    return settings.storage_dir + "/" + file_of_node(settings, ".cookie");
}

std::string socket_file(const Settings &settings) {
    return settings.admin_socket.empty()
               ? settings.storage_dir + "/" + file_of_node(settings, ".sock")
               : settings.admin_socket;
}

webrocket::AdminTarget target_of(const Settings &settings) {
    webrocket::AdminTarget target;
    target.addr = settings.admin_addr.value_or("127.0.0.1:8081");
    target.ca_file = settings.ca_file;
    target.cookie =
        settings.cookie.empty()
            ? webrocket::read_cookie_file(settings.storage_dir, file_of_node(settings, ".cookie"))
            : settings.cookie;
    return target;
}

void complain_as_json(const std::string &text) {
    std::fprintf(stderr, "{\"error\":%s}\n", webrocket::json_string(text).c_str());
}

void complain(const std::string &text) {
    const bool colour = isatty(STDERR_FILENO) == 1;
    std::fprintf(stderr, "%sERR: %s%s\n", colour ? "\033[31m" : "", text.c_str(),
                 colour ? "\033[0m" : "");
}

void report(const Settings &settings, const std::string &what_is_wrong) {
    if (settings.json)
        complain_as_json(what_is_wrong);
    else
        complain(what_is_wrong);
}

int usage() {
    std::fputs(help().c_str(), stderr);
    return 1;
}

int refuse(const Settings &settings, const std::string &what_is_wrong) {
    if (settings.json) {
        complain_as_json(what_is_wrong);
        return 1;
    }
    complain(what_is_wrong);
    std::fputs("\n", stderr);
    return usage();
}

std::string takes(const webrocket::AdminCommand &command) {
    const std::string count = std::to_string(command.argument_count);
    const std::string name = std::string(command.name);
    if (command.takes_more)
        return name + " takes " + count + " arguments or more";
    switch (command.argument_count) {
    case 0:
        return name + " takes no argument";
    case 1:
        return name + " takes 1 argument";
    default:
        return name + " takes " + count + " arguments";
    }
}

void print(const std::string &text) {
    errno = 0;
    if (std::fputs(text.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
        throw webrocket::AdminError("couldn't write the output: " + reason(errno));
}

webrocket::AdminOutput run(const webrocket::AdminCommand &command,
                           const webrocket::AdminClient &client,
                           const std::vector<std::string> &arguments, const Settings &settings) {
    try {
        return command.run(client, arguments);
    } catch (const webrocket::Refused &error) {
        if (uses_socket(settings))
            throw webrocket::AdminError(std::string(error.what()) +
                                        ": only root and the server's own user need no cookie");
        if (!settings.cookie.empty())
            throw;
        throw webrocket::AdminError(std::string(error.what()) + " of " + cookie_file(settings) +
                                    "; --storage-dir and --node say which one it is");
    }
}

// What has to be typed: the name of what goes.
std::string name_at_stake(const std::vector<std::string> &arguments) {
    return arguments.empty() ? "all vhosts" : arguments.back();
}

std::string warning_of(const webrocket::AdminCommand &command,
                       const std::vector<std::string> &arguments) {
    std::string warning = std::string(command.name) + " " + command.loss;
    for (auto argument = arguments.rbegin(); argument != arguments.rend(); ++argument)
        warning.append(argument == arguments.rbegin() ? " " : " of ").append(*argument);
    return warning;
}

// Nothing when it may go on; else the exit status.
std::optional<int> confirm(const webrocket::AdminCommand &command,
                           const std::vector<std::string> &arguments, const Settings &settings) {
    if (command.loss == nullptr || settings.yes)
        return std::nullopt;
    const std::string warning = warning_of(command, arguments);
    if (isatty(STDIN_FILENO) != 1) {
        report(settings,
               warning + ", which cannot be undone; without a terminal to ask, it needs --yes");
        return 2;
    }
    const std::string name = name_at_stake(arguments);
    std::fprintf(stderr, "%s. This cannot be undone.\nType \"%s\" to go on: ", warning.c_str(),
                 name.c_str());
    std::string typed;
    std::getline(std::cin, typed);
    if (typed == name)
        return std::nullopt;
    report(settings, "nothing was done");
    return 1;
}

webrocket::AdminOutput ask(const webrocket::AdminCommand &command,
                           const std::vector<std::string> &arguments, const Settings &settings) {
    if (!uses_socket(settings))
        return run(command, webrocket::AdminClient(target_of(settings)), arguments, settings);
    const webrocket::TrustedSocket socket(socket_file(settings));
    webrocket::AdminTarget target;
    target.socket = socket.path();
    target.socket_name = socket_file(settings);
    return run(command, webrocket::AdminClient(target), arguments, settings);
}

// Or what is wrong with them.
std::string add_options(const webrocket::AdminCommand &command, const Settings &settings,
                        std::vector<std::string> &arguments) {
    using webrocket::Listing;
    const std::string name = command.name;
    if (command.listing == Listing::none && (!settings.sort.empty() || !settings.limit.empty()))
        return name + " takes no --sort and no --limit";
    if (command.listing == Listing::limited && !settings.sort.empty())
        return name + " takes no --sort";
    if (command.listing == Listing::sorted_as_well)
        arguments.push_back(settings.sort.empty() ? "sid" : settings.sort);
    if (command.listing != Listing::none)
        arguments.push_back(settings.limit.empty() ? "100" : settings.limit);
    return {};
}

int run(const Settings &settings) {
    if (settings.words.empty())
        return settings.json ? refuse(settings, "no command") : usage();
    const auto &commands = webrocket::admin_commands();
    const auto command =
        std::find_if(commands.begin(), commands.end(), [&settings](const auto &candidate) {
            return settings.words.front() == candidate.name;
        });
    std::vector<std::string> arguments(settings.words.begin() + 1, settings.words.end());
    if (command == commands.end())
        return refuse(settings, "unknown command: " + settings.words.front());
    if (arguments.size() < command->argument_count ||
        (arguments.size() > command->argument_count && !command->takes_more))
        return refuse(settings, takes(*command));
    if (const auto complaint = add_options(*command, settings, arguments); !complaint.empty())
        return refuse(settings, complaint);
    if (const auto status = confirm(*command, arguments, settings))
        return *status;
    const auto output = ask(*command, arguments, settings);
    if (!settings.json)
        print(output.text);
    else if (!output.document.empty())
        print(output.document + "\n");
    return 0;
}

} // namespace

int main(int argc, char **argv) {
    Settings settings;
    try {
        CLI::App app("", "webrocket-admin");
        app.set_help_flag();
        bool help_wanted = false;
        bool version_wanted = false;
        app.add_flag("--help,-h", help_wanted);
        app.add_flag("--version", version_wanted);
        auto *addr = app.add_option("--admin-addr", settings.admin_addr);
        auto *socket = app.add_option("--admin-socket", settings.admin_socket)->excludes(addr);
        app.add_option("--cookie", settings.cookie)->excludes(socket);
        app.add_option("--node", settings.node);
        app.add_option("--storage-dir", settings.storage_dir);
        app.add_option("--ca-file", settings.ca_file);
        app.add_flag("--json", settings.json);
        app.add_flag("--yes", settings.yes);
        app.add_option("--sort", settings.sort);
        app.add_option("--limit", settings.limit);
        app.add_option("command", settings.words)->allow_extra_args();
        try {
            app.parse(with_two_dashes(argc, argv));
        } catch (const CLI::ParseError &error) {
            return refuse(settings, error.what());
        }
        if (help_wanted || version_wanted) {
            print(help_wanted ? help() : "webrocket-admin " WEBROCKET_VERSION "\n");
            return 0;
        }
        return run(settings);
    } catch (const std::exception &error) {
        report(settings, error.what());
        return 1;
    }
}
