#pragma once

#include <string_view>

namespace kn {

/// Throws KN_EINVAL unless @p url is a proxy's, of a kind that libcurl knows. What is wrong is told
/// without the URL, which may hold a password.
void require_proxy_url(std::string_view url);

} // namespace kn
