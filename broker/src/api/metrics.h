// The figures of the running server, in the text format of Prometheus.
#pragma once

#include "groups/groups.h"
#include "hub/vhost_registry.h"
#include "net/event_loops.h"

#include <string>

namespace webrocket {

std::string metrics_text(const VhostRegistry &registry, const EventLoops &loops,
                         const GroupDirectory &groups);

} // namespace webrocket
