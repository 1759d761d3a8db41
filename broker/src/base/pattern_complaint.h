// Why a text is no Pattern, for whoever sent it.
#pragma once

#include <string>
#include <string_view>

namespace webrocket {

// Words that follow the text's name: a limit is told as one, with its number.
std::string pattern_complaint(std::string_view text);

} // namespace webrocket
