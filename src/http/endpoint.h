#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"

namespace kn {

/// Where a vhost is and what opens it: the URL a handle is made with, taken apart.
struct Endpoint {
    std::string origin; // "http://127.0.0.1:8080"
    std::string vhost;  // "/chat"
    Secret token;
    Secret authorization; // "Authorization: Basic …", ready to be sent

    std::string url() const { return origin + vhost; }
    bool is_tls() const noexcept { return origin.compare(0, 6, "https:") == 0; }

    /// Whether @p text, which may be the server's, gives away what opens the vhost.
    bool is_secret_in(std::string_view text) const noexcept;

    /// Throws KN_EINVAL, with what is wrong and without the token.
    static Endpoint parse(std::string_view url);
};

} // namespace kn
