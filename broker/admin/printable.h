// What others have chosen, for a terminal: users their names, and whoever answers instead of the
// server all of it.
#pragma once

#include <string>

namespace webrocket {

// Without control characters: none may look like another line, or speak to the terminal.
std::string printable(const std::string &text);

} // namespace webrocket
