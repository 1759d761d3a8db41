// Users of this machine, as log lines call them.
#pragma once

#include <string>
#include <sys/types.h>

namespace webrocket {

// The name of root and of the user of this process, and of all others their number: to ask for a
// name may mean to wait for a network. The first call does so, for one's own.
std::string user_name(uid_t user);

} // namespace webrocket
