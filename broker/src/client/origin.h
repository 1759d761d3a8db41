// Origins of pages: those that an operator allows, and those that browsers send.
#pragma once

#include <string>
#include <string_view>

namespace webrocket {

// Puts an origin of the options into the form in which browsers send it, `https://*.example.org`
// for all subdomains included. What no browser sends throws std::invalid_argument with the reason.
std::string normalized_origin(std::string_view text);

// Whether a page of `origin` is meant by `allowed`, which is in that form.
bool allows_origin(std::string_view allowed, std::string_view origin);

} // namespace webrocket
