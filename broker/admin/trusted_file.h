// Files of a server's storage directory, which the server's user may have replaced by something
// else: nothing is opened through a link, nor used before it is known whose it is.
#pragma once

#include <string>

namespace webrocket {

// The cookie in DIRECTORY/NAME. Throws AdminError.
std::string read_cookie_file(const std::string &directory, const std::string &name);

// A socket that was found to be one, and stays the same whatever its name leads to later.
class TrustedSocket {
  public:
    // Throws AdminError.
    explicit TrustedSocket(const std::string &file);
    ~TrustedSocket();
    TrustedSocket(const TrustedSocket &) = delete;
    TrustedSocket &operator=(const TrustedSocket &) = delete;

    // To connect to.
    std::string path() const;

  private:
    int descriptor_;
};

} // namespace webrocket
