// How the log looks: lines on standard error, for people or for machines.
#pragma once

#include <string>

namespace webrocket {

// `level` is one of spdlog's names; `format` is text or json.
void set_up_log(const std::string &level, const std::string &format);

} // namespace webrocket
