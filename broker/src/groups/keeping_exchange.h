// Has what pages send kept for the groups that want it.
#pragma once

#include "groups/event_intake.h"
#include "groups/vhost_groups.h"
#include "hub/exchange.h"

namespace webrocket {

class KeepingExchange final : public LocalExchange {
  public:
    explicit KeepingExchange(EventIntake &intake) : intake_(intake) {}

    bool keeps_events(Vhost &vhost) override { return vhost.workers().keeper() != nullptr; }
    Eventual<Keeping> keep(Vhost &vhost, EventLoop &loop, const OutgoingEvent &event) override;

  private:
    EventIntake &intake_;
};

} // namespace webrocket
