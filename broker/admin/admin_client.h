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

class AdminClient {
  public:
    AdminClient(std::string addr, std::string cookie)
        : addr_(std::move(addr)), cookie_(std::move(cookie)) {}

    // The body of the answer. An answer that is not a success throws AdminError with the server's
    // own words.
    std::string request(const std::string &method, const std::string &path) const;

  private:
    std::string addr_;
    std::string cookie_;
};

// For one segment of a path, slashes included.
std::string percent_encode(const std::string &text);

} // namespace webrocket
