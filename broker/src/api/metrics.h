// The figures of the running server, in the text format of Prometheus.
#pragma once

#include "hub/hub.h"
#include "net/event_loops.h"

#include <string>

namespace webrocket {

std::string metrics_text(const Hub &hub, const EventLoops &loops);

} // namespace webrocket
