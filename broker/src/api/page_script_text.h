// What is served to browsers, put into the program when it is built.
#pragma once

#include <string_view>

namespace webrocket::page_script_text {

extern const std::string_view version; // another one for every other text
extern const std::string_view classic; // defines the global WebRocket
extern const std::string_view module_form;
extern const std::string_view vhost_tail; // after `classic`: defines the global $wr

} // namespace webrocket::page_script_text
