// The secret with which backends prove that a vhost is theirs.
#pragma once

#include "base/current.h"
#include "base/secrets.h"

#include <string>
#include <string_view>

namespace webrocket {

// Any thread may use it.
class Credentials {
  public:
    explicit Credentials(const std::string &token) : basic_(user + token) {}

    std::string token() const { return basic_.get()->substr(user.size()); }
    void set_token(const std::string &token) { basic_.set(user + token); }
    // Whether `credentials` are those of a backend, `user:password`.
    bool admits(std::string_view credentials) const {
        return equal_secrets(credentials, *basic_.get());
    }

  private:
    static inline const std::string user = "wr:";
    Current<std::string> basic_;
};

} // namespace webrocket
