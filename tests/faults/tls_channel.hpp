// The fault server's bytes over TLS, with a certificate of the test's own.
#pragma once

#include <string>

#include "fault_server.hpp"

namespace faults {

/// A self-signed certificate for 127.0.0.1 and its key, in files that go with it.
class test_certificate {
  public:
    test_certificate();
    ~test_certificate();
    test_certificate(const test_certificate &) = delete;
    test_certificate &operator=(const test_certificate &) = delete;

    /// In PEM; for who shall trust it, too.
    const std::string &file() const noexcept { return file_; }
    const std::string &key_file() const noexcept { return key_file_; }

  private:
    std::string directory_;
    std::string file_;
    std::string key_file_;
};

/// A channel after its handshake. @p certificate outlives the server.
channel_maker tls_channel(const test_certificate &certificate);

} // namespace faults
