#include "server/option_sources.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <re2/re2.h>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace webrocket {
namespace {

constexpr std::string_view prefix = "WEBROCKET_";

// WEBROCKET_ADMIN_ADDR for admin-addr.
std::string variable_of(const std::string &option) {
    std::string name = std::string(prefix) + option;
    std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return name;
}

// The first is what it is called; --no-vhost-script is --vhost-script, too.
std::vector<std::string> names_of(const CLI::Option &option) {
    std::vector<std::string> names = option.get_lnames();
    for (const auto &name : option.get_fnames())
        if (std::find(names.begin(), names.end(), name) == names.end())
            names.push_back(name);
    return names;
}

// Without those that say the opposite.
std::vector<std::string> plain_names_of(const CLI::Option &option) {
    const auto &opposites = option.get_fnames();
    std::vector<std::string> names;
    for (const auto &name : option.get_lnames())
        if (std::find(opposites.begin(), opposites.end(), name) == opposites.end())
            names.push_back(name);
    return names;
}

// Those that may be written elsewhere than on the command line.
std::vector<const CLI::Option *> settings_of(const CLI::App &app) {
    static constexpr std::array<std::string_view, 3> orders = {"help", "version", "check-config"};
    std::vector<const CLI::Option *> options;
    for (const CLI::Option *option : app.get_options()) {
        const auto &names = option->get_lnames();
        if (!names.empty() &&
            std::find(orders.begin(), orders.end(), names.front()) == orders.end())
            options.push_back(option);
    }
    return options;
}

const CLI::Option *find_setting(const CLI::App &app, const std::string &name) {
    for (const CLI::Option *option : settings_of(app)) {
        const auto names = names_of(*option);
        if (std::find(names.begin(), names.end(), name) != names.end())
            return option;
    }
    return nullptr;
}

// Insertions, removals and replacements between the two.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

std::string nearest(std::string_view wanted, const std::vector<std::string> &known) {
    return *std::min_element(known.begin(), known.end(),
                             [wanted](const std::string &a, const std::string &b) {
                                 return distance(wanted, a) < distance(wanted, b);
                             });
}

// Kubernetes and Docker tell every container of the services beside it: of one that is called
// webrocket, or webrocket-admin. `WEBROCKET_PORT=80` is not theirs, but somebody's mistake.
bool is_of_a_service(std::string_view variable_and_value) {
    static const RE2 form("^WEBROCKET(_\\w+)?_(SERVICE_HOST=|SERVICE_PORT(_\\w+)?=|"
                          "PORT_\\d+_(TCP|UDP|SCTP)(_\\w+)?=|PORT=(tcp|udp|sctp)://)");
    return RE2::PartialMatch(re2::StringPiece(variable_and_value.data(), variable_and_value.size()),
                             form);
}

// Of the Debian package's service, and of this project's scripts.
bool is_for_others(std::string_view variable) {
    static constexpr std::array<std::string_view, 5> names = {
        "WEBROCKET_OPTIONS", "WEBROCKET_SERVER", "WEBROCKET_SERVER_FLAGS", "WEBROCKET_ADMIN",
        "WEBROCKET_CLIENT"};
    return std::find(names.begin(), names.end(), variable) != names.end() ||
           variable.starts_with("WEBROCKET_TEST_");
}

std::vector<std::string> unknown_variables(const std::vector<const CLI::Option *> &options) {
    std::vector<std::string> complaints;
    std::vector<std::string> known;
    for (const CLI::Option *option : options)
        for (const auto &name : plain_names_of(*option))
            known.push_back(variable_of(name));
    for (char **entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::string variable(text.substr(0, text.find('=')));
        if (variable.starts_with(prefix) && !is_for_others(variable) && !is_of_a_service(text) &&
            std::find(known.begin(), known.end(), variable) == known.end())
            complaints.push_back(
                fmt::format("{}: there is no option of that name; did you mean {}?", variable,
                            nearest(variable, known)));
    }
    return complaints;
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

// The file that the command line or the environment name; empty: none.
std::string config_file(const std::vector<std::string> &command_line) {
    constexpr std::string_view flag = "--config";
    for (std::size_t i = 0; i < command_line.size(); ++i) {
        const std::string_view argument = command_line[i];
        if (argument == flag && i + 1 < command_line.size())
            return command_line[i + 1];
        if (argument.starts_with("--config="))
            return std::string(argument.substr(flag.size() + 1));
    }
    const char *variable = std::getenv("WEBROCKET_CONFIG");
    return variable == nullptr ? std::string() : variable;
}

std::string read_file(const std::string &file) {
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    // To copy nothing would be a failure.
    if (in.peek() != std::ifstream::traits_type::eof())
        text << in.rdbuf();
    if (!in.is_open() || in.bad() || !text)
        throw std::runtime_error(
            fmt::format("{}: cannot be read: {}", file, std::generic_category().message(errno)));
    return text.str();
}

std::string trimmed(const std::string &text) {
    const auto begin = text.find_first_not_of(" \t\r");
    if (begin == std::string::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Where a file sets something, `FILE:LINE`.
std::string line_of(const std::string &file, const std::string &text, const std::string &name) {
    std::istringstream in(text);
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        const std::string content = trimmed(line);
        if (trimmed(content.substr(0, content.find('='))) == name || content == "[" + name + "]")
            return fmt::format("{}:{}", file, number);
    }
    return file;
}

std::vector<CLI::ConfigItem> items_of(const std::string &file, const std::string &text) {
    try {
        std::istringstream in(text);
        return CLI::ConfigTOML().from_config(in);
    } catch (const CLI::Error &error) {
        throw std::runtime_error(fmt::format("{}: {}", file, error.what()));
    }
}

} // namespace

OptionSources::OptionSources(const CLI::App &app, std::vector<std::string> command_line, bool alone)
    : command_line_(std::move(command_line)), arguments_(command_line_) {
    if (alone)
        return;
    take_environment(app);
    if (const std::string file = config_file(command_line_); !file.empty()) {
        try {
            take_file(app, file);
        } catch (const std::runtime_error &error) {
            complaints_.emplace_back(error.what());
        }
    }
}

void OptionSources::take_environment(const CLI::App &app) {
    const auto options = settings_of(app);
    complaints_ = unknown_variables(options);
    for (const CLI::Option *option : options) {
        for (const auto &name : plain_names_of(*option)) {
            const std::string variable = variable_of(name);
            const char *text = std::getenv(variable.c_str());
            if (text == nullptr)
                continue;
            const auto values = values_of(*option, text);
            if (values.empty() || values.front().empty())
                complaints_.push_back(variable + " is empty; give it a value, or unset it");
            else if (!is_given(*option))
                add(*option, values, variable);
        }
    }
}

void OptionSources::take_file(const CLI::App &app, const std::string &file) {
    const std::string text = read_file(file);
    for (const auto &item : items_of(file, text)) {
        const std::string &name = item.parents.empty() ? item.name : item.parents.front();
        take_item(app, file, line_of(file, text, name), item);
    }
}

void OptionSources::take_item(const CLI::App &app, const std::string &file,
                              const std::string &where, const CLI::ConfigItem &item) {
    const std::string &name = item.parents.empty() ? item.name : item.parents.front();
    const CLI::Option *option = item.parents.empty() ? find_setting(app, name) : nullptr;
    if (option == nullptr || option->get_lnames().front() == "config") {
        std::vector<std::string> known;
        for (const CLI::Option *candidate : settings_of(app))
            known.push_back(candidate->get_lnames().front());
        auto complaint = fmt::format("{}: there is no option {}; did you mean {}?", where, name,
                                     nearest(name, known));
        // A section is told of once, and not with each of its lines.
        if (complaints_.empty() || complaints_.back() != complaint)
            complaints_.push_back(std::move(complaint));
        return;
    }
    if (item.inputs.empty() || item.inputs.front().empty()) {
        complaints_.push_back(fmt::format("{}: {} is empty", where, name));
        return;
    }
    const std::string &called = option->get_lnames().front();
    if (is_given(*option) || (where_.contains(called) && !where_[called].starts_with(file)))
        return;
    where_[called] = where;
    for (const auto &value : item.inputs)
        arguments_.push_back("--" + name + "=" + value);
}

bool OptionSources::is_given(const CLI::Option &option) const {
    const auto names = names_of(option);
    return std::any_of(
        command_line_.begin(), command_line_.end(), [&names](const std::string &argument) {
            return std::any_of(names.begin(), names.end(), [&argument](const std::string &name) {
                return argument == "--" + name || argument.starts_with("--" + name + "=");
            });
        });
}

void OptionSources::add(const CLI::Option &option, const std::vector<std::string> &values,
                        const std::string &where) {
    const std::string &name = option.get_lnames().front();
    where_[name] = where;
    for (const auto &value : values)
        arguments_.push_back("--" + name + "=" + value);
}

std::string OptionSources::where(const CLI::Option &option) const {
    const auto found =
        option.get_lnames().empty() ? where_.end() : where_.find(option.get_lnames().front());
    return found == where_.end() ? std::string() : found->second;
}

std::string OptionSources::where(const std::string &complaint) const {
    std::string where;
    std::size_t first = std::string::npos;
    for (const auto &[name, place] : where_) {
        const auto at = complaint.find("--" + name);
        if (at >= first || at == std::string::npos)
            continue;
        const auto end = at + 2 + name.size();
        const char next = end < complaint.size() ? complaint[end] : ' ';
        if (next == '-' || (next >= 'a' && next <= 'z'))
            continue;
        first = at;
        where = place;
    }
    return where;
}

} // namespace webrocket
