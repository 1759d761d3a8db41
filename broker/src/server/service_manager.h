// What the service manager (systemd, with Type=notify) wants to hear.
#pragma once

namespace webrocket {

// Each does nothing when no service manager listens.
void notify_ready();
void notify_stopping();

} // namespace webrocket
