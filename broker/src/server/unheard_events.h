// Tells of events that no worker was there for: a warning a minute, with counts by vhost.
#pragma once

#include "hub/vhost_registry.h"

#include <cstdint>
#include <map>
#include <string>

namespace webrocket {

class UnheardEvents {
  public:
    explicit UnheardEvents(const VhostRegistry &registry) : registry_(registry) {}

    // Of what has come since the last time.
    void tell();

  private:
    const VhostRegistry &registry_;
    std::map<std::string, std::uint64_t> told_; // by path
};

} // namespace webrocket
