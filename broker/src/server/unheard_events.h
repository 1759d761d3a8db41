// Tells of events that no worker was there for: a warning a minute, with counts by vhost.
#pragma once

#include "hub/hub.h"

#include <cstdint>
#include <map>
#include <string>

namespace webrocket {

class UnheardEvents {
  public:
    explicit UnheardEvents(const Hub &hub) : hub_(hub) {}

    // Of what has come since the last time.
    void tell();

  private:
    const Hub &hub_;
    std::map<std::string, std::uint64_t> told_; // by path
};

} // namespace webrocket
