// Whether a worker's host is still there.
#pragma once

#include "net/connection.h"

#include <cstdint>

namespace webrocket {

// A host that vanishes does not say so: its share of the events would go on being lost, or wait. A
// worker that reads slowly is another matter.
class Heartbeat {
  public:
    explicit Heartbeat(Connection &connection) : connection_(connection) {}

    // Asked before each heartbeat.
    bool has_vanished() {
        const auto acknowledged = connection_.acknowledged_position();
        const bool stands_still = acknowledged == acknowledged_;
        acknowledged_ = acknowledged;
        return stands_still && acknowledged < position_ && connection_.is_unanswered();
    }
    // One is queued.
    void note_sent() { position_ = connection_.queued_position(); }

  private:
    Connection &connection_;
    std::uint64_t position_ = 0;
    std::uint64_t acknowledged_ = 0;
};

} // namespace webrocket
