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

// Whoever asked has not shown that it may.
class Refused : public AdminError {
  public:
    using AdminError::AdminError;
};

// How to reach the server.
struct AdminTarget {
    std::string addr;        // HOST:PORT, or https://HOST:PORT for an encrypted port
    std::string ca_file;     // PEM, vouches for that instead of the system's authorities
    std::string cookie;      // empty: none is shown
    std::string socket;      // a unix socket, instead of `addr`
    std::string socket_name; // for messages
};

class AdminClient {
  public:
    explicit AdminClient(AdminTarget target);

    // The body of the answer. An answer that is not a success throws AdminError with the server's
    // own words.
    std::string request(const std::string &method, const std::string &path,
                        const std::string &body = {}) const;

  private:
    std::string url_;
    AdminTarget target_;
};

// For one segment of a path, slashes included.
std::string percent_encode(const std::string &text);

} // namespace webrocket
