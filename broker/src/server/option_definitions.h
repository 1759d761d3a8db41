// Which options the server has, each with what it is for and what it may be.
#pragma once

#include "server/options.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstddef>
#include <string>

namespace webrocket {

// As long as one may be.
inline constexpr std::chrono::milliseconds interval_max = std::chrono::hours(24 * 365);

// Adds them to what reads the command line; what is read goes into `options`.
class OptionDefinitions {
  public:
    OptionDefinitions(CLI::App &app, Options &options);

  private:
    void add_addresses();
    void add_encryption();
    void add_process();
    void add_browser_rules();
    void add_limits();
    void add_speech_limits();
    void add_queue_limits();
    void add_memory_limit();
    void add_group_rules();
    void add_limit(const std::string &flag, std::size_t &limit, const std::string &description);
    void add_limit_or_none(const std::string &flag, std::size_t &limit,
                           const std::string &description);
    void add_intervals();

    CLI::App &app_;
    Options &options_;
    std::string config_; // read already
};

} // namespace webrocket
