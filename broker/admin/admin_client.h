// Requests to the admin port of a server.
#pragma once

#include <stdexcept>
#include <string>

namespace webrocket {

// What the operator is told.
class AdminError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

class RefusedCookie : public AdminError {
  public:
    using AdminError::AdminError;
};

class AdminClient {
  public:
    // `addr` is HOST:PORT, or https://HOST:PORT for an encrypted port; `ca_file` (PEM) vouches for
    // that instead of the system's authorities, unless it is empty.
    AdminClient(const std::string &addr, std::string cookie, std::string ca_file);

    // The body of the answer. An answer that is not a success throws AdminError with the server's
    // own words.
    std::string request(const std::string &method, const std::string &path) const;

  private:
    std::string url_;
    std::string cookie_;
    std::string ca_file_;
};

// For one segment of a path, slashes included.
std::string percent_encode(const std::string &text);

} // namespace webrocket
