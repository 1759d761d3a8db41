// Options from the environment and from the file of --config, as if they were written on the
// command line, each with where it was found.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace webrocket {

// What is wrong with the environment or the file, for the operator.
class OptionSourceError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class OptionSources {
  public:
    // The command line comes first, then the environment, then the file; `alone`: there is nothing
    // but the command line. Throws OptionSourceError.
    OptionSources(const CLI::App &app, std::vector<std::string> command_line, bool alone);

    // All of them.
    const std::vector<std::string> &arguments() const { return arguments_; }

    // `WEBROCKET_THREADS`, `FILE:LINE`, or nothing when it is on the command line or nowhere.
    std::string where(const CLI::Option &option) const;
    // Of the first option that a complaint of the parser's names.
    std::string where(const std::string &complaint) const;

  private:
    void take_environment(const CLI::App &app);
    void take_file(const CLI::App &app, const std::string &file);
    bool is_given(const CLI::Option &option) const;
    void add(const CLI::Option &option, const std::vector<std::string> &values,
             const std::string &where);

    std::vector<std::string> command_line_;
    std::vector<std::string> arguments_;
    std::map<std::string, std::string> where_; // by the option's name
};

} // namespace webrocket
