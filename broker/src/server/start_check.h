// What stands in the way of a start, for --check-config: looked at, and left as it is.
#pragma once

#include "server/options.h"

#include <string>
#include <vector>

namespace webrocket {

// For the operator, a line each: certificates, storage, admin socket, ready file. The ports are not
// tried, since a server that runs has them.
std::vector<std::string> obstacles_to_start(const Options &options);

} // namespace webrocket
