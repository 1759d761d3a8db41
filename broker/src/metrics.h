// The figures of the running server, in the text format of Prometheus.
#pragma once

#include "event_loops.h"
#include "hub.h"

#include <string>

namespace webrocket {

std::string metrics_text(const Hub &hub, const EventLoops &loops);

} // namespace webrocket
