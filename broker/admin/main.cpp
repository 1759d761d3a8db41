// webrocket-admin: the operator's command line.
#include "commands.h"
#include "json.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sys/utsname.h>
#include <system_error>
#include <unistd.h>

#ifndef WEBROCKET_VERSION
#define WEBROCKET_VERSION "0.0.0"
#endif

namespace {

struct Settings {
    std::string admin_addr = "127.0.0.1:8081";
    std::string cookie;
    std::string node;
    std::string storage_dir = "/var/lib/webrocket";
    std::string ca_file;
    bool json = false;
    std::vector<std::string> words;
};

std::string default_node_name() {
    utsname names{};
    return uname(&names) == 0 ? std::string(static_cast<const char *>(names.nodename))
                              : std::string("localhost");
}

// The options of the first tool had one dash.
std::vector<std::string> with_two_dashes(int argc, char **argv) {
    static constexpr std::array<std::string_view, 8> names = {"-admin-addr",  "-cookie",  "-node",
                                                              "-storage-dir", "-ca-file", "-json",
                                                              "-version",     "-help"};
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
           "  --admin-addr HOST:PORT   The server's admin address (127.0.0.1:8081), with\n"
           "                           https:// before it when that is encrypted\n"
           "  --ca-file FILE           Who vouches for it, instead of the system's authorities\n"
           "  --json                   Print the server's answers as they are, errors too\n"
           "  --cookie COOKIE          The server's cookie, instead of the one in its file\n"
           "  --node NAME              The server's node name (this machine's name)\n"
           "  --storage-dir DIR        Where the cookie file is (/var/lib/webrocket)\n"
           "  --version, --help, -h\n";
}

std::string reason(int error) { return std::generic_category().message(error); }

std::string cookie_file(const Settings &settings) {
    return settings.storage_dir + "/" + settings.node + ".cookie";
}

std::string read_cookie(const Settings &settings) {
    if (!settings.cookie.empty())
        return settings.cookie;
    const std::string file = cookie_file(settings);
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in)
        throw webrocket::AdminError("couldn't read the cookie file " + file + ": " + reason(errno));
    std::string cookie;
    if (!(in >> cookie))
        throw webrocket::AdminError("there is no cookie in " + file);
    return cookie;
}

void complain_as_json(const std::string &text) {
    std::fprintf(stderr, "{\"error\":%s}\n", webrocket::json_string(text).c_str());
}

void complain(const std::string &text) {
    const bool colour = isatty(STDERR_FILENO) == 1;
    std::fprintf(stderr, "%sERR: %s%s\n", colour ? "\033[31m" : "", text.c_str(),
                 colour ? "\033[0m" : "");
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
    switch (command.argument_count) {
    case 0:
        return std::string(command.name) + " takes no argument";
    case 1:
        return std::string(command.name) + " takes 1 argument";
    default:
        return std::string(command.name) + " takes " + std::to_string(command.argument_count) +
               " arguments";
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
    } catch (const webrocket::RefusedCookie &error) {
        if (!settings.cookie.empty())
            throw;
        throw webrocket::AdminError(std::string(error.what()) + " of " + cookie_file(settings) +
                                    "; --storage-dir and --node say which one it is");
    }
}

int run(const Settings &settings) {
    if (settings.words.empty())
        return settings.json ? refuse(settings, "no command") : usage();
    const auto &commands = webrocket::admin_commands();
    const auto command =
        std::find_if(commands.begin(), commands.end(), [&settings](const auto &candidate) {
            return settings.words.front() == candidate.name;
        });
    const std::vector<std::string> arguments(settings.words.begin() + 1, settings.words.end());
    if (command == commands.end())
        return refuse(settings, "unknown command: " + settings.words.front());
    if (arguments.size() != command->argument_count)
        return refuse(settings, takes(*command));
    const webrocket::AdminClient client(settings.admin_addr, read_cookie(settings),
                                        settings.ca_file);
    const auto output = run(*command, client, arguments, settings);
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
        settings.node = default_node_name();
        CLI::App app("", "webrocket-admin");
        app.set_help_flag();
        bool help_wanted = false;
        bool version_wanted = false;
        app.add_flag("--help,-h", help_wanted);
        app.add_flag("--version", version_wanted);
        app.add_option("--admin-addr", settings.admin_addr);
        app.add_option("--cookie", settings.cookie);
        app.add_option("--node", settings.node);
        app.add_option("--storage-dir", settings.storage_dir);
        app.add_option("--ca-file", settings.ca_file);
        app.add_flag("--json", settings.json);
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
        if (settings.json)
            complain_as_json(error.what());
        else
            complain(error.what());
        return 1;
    }
}
