#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <kosmonaut/status.h>

namespace kn {

/// Why a call cannot do what it was asked. Thrown inside the library; the C boundary turns it into
/// a status and a kn_error.
class failure : public std::exception {
  public:
    failure(kn_status status, std::string message)
        : status_(status), message_(std::move(message)) {}

    kn_status status() const noexcept { return status_; }
    const std::string &message() const noexcept { return message_; }
    const char *what() const noexcept override { return message_.c_str(); }

    /// Puts what it is about behind the message, once: not where the message names it already.
    void name_subject(const std::string &subject) {
        if (names_subject_)
            return;
        message_ += subject;
        names_subject_ = true;
    }

    /// The HTTP answer behind the failure; 0, 0 and -1 where there was none.
    std::int32_t http_status = 0;
    std::int32_t server_code = 0;
    std::int64_t retry_after_ms = -1;

  private:
    kn_status status_;
    std::string message_;
    bool names_subject_ = false;
};

} // namespace kn
