// What bench/broker.py says on the command line: NAME=VALUE, each of them.
#pragma once

#include "http_client.hpp"
#include "participant.hpp"
#include "server_usage.hpp"

#include <map>
#include <string>
#include <vector>

class settings {
  public:
    settings(int count, char **arguments);

    std::string text(const std::string &name) const;
    std::string text(const std::string &name, const std::string &otherwise) const;
    std::size_t number(const std::string &name) const;
    double seconds(const std::string &name) const;
    std::vector<std::string> list(const std::string &name) const;

    int port() const { return static_cast<int>(number("port")); }
    const dialect &language() const { return dialect_named(text("dialect")); }
    server_usage server() const;

    /// Where to POST to, or to stream from, with the right that goes with it.
    http_address address(const std::string &target) const;

  private:
    std::map<std::string, std::string> values_;
};
