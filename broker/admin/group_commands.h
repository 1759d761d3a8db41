// The commands for reliable groups and their dead letters.
#pragma once

#include "commands.h"

#include <vector>

namespace webrocket {

std::vector<AdminCommand> group_commands();

} // namespace webrocket
