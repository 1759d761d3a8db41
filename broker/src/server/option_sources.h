// Options from the environment and from the file of --config, as if they were written on the
// command line, each with where it was found.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace webrocket {

class OptionSources {
  public:
    // The command line comes first, then the environment, then the file; `alone`: there is nothing
    // but the command line.
    OptionSources(const CLI::App &app, std::vector<std::string> command_line, bool alone);

    // All that are understood.
    const std::vector<std::string> &arguments() const { return arguments_; }
    // What is wrong with the environment or the file, for the operator.
    const std::vector<std::string> &complaints() const { return complaints_; }

    // `WEBROCKET_THREADS`, `FILE:LINE`, or nothing when it is on the command line or nowhere.
    std::string where(const CLI::Option &option) const;
    // Of the first option that a complaint of the parser's names.
    std::string where(const std::string &complaint) const;

  private:
    void take_environment(const CLI::App &app);
    void take_file(const CLI::App &app, const std::string &file);
    void take_item(const CLI::App &app, const std::string &file, const std::string &where,
                   const CLI::ConfigItem &item);
    bool is_given(const CLI::Option &option) const;
    void add(const CLI::Option &option, const std::vector<std::string> &values,
             const std::string &where);

    std::vector<std::string> command_line_;
    std::vector<std::string> arguments_;
    std::vector<std::string> complaints_;
    std::map<std::string, std::string> where_; // by the option's name
};

} // namespace webrocket
