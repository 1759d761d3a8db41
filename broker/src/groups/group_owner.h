// What a group needs of those who have it. Called without its lock.
#pragma once

#include "event_log/event_log.h"
#include "groups/membership.h"
#include "groups/unwritten.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace webrocket {

class KeptGroup;

class GroupOwner {
  public:
    virtual EventLog &event_log() = 0;
    // Has write_effects() called soon.
    virtual void write_soon(std::shared_ptr<KeptGroup> group) = 0;
    // Has advance() called then, at the latest.
    virtual void wake_at(const std::shared_ptr<KeptGroup> &group, std::int64_t time_ms) = 0;
    // Its members want something else than before.
    virtual void filters_changed(const std::shared_ptr<KeptGroup> &group) = 0;
    virtual void store(const std::shared_ptr<KeptGroup> &group,
                       std::vector<DeadLetterToStore> letters) = 0;
    // On another thread: the disk may have to be waited for.
    virtual void read(std::vector<StreamDelivery> deliveries, Membership::Read done) = 0;

  protected:
    ~GroupOwner() = default;
};

} // namespace webrocket
