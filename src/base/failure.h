#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include <kosmonaut/status.h>

namespace kn {

/// Why a call cannot do what it was asked. Thrown inside the library; the C boundary turns it into
/// a status and a kn_error.
class Failure : public std::exception {
  public:
    Failure(kn_status status, std::string message)
        : status_(status), message_(std::move(message)), subject_place_(message_.size()) {}

    kn_status status() const noexcept { return status_; }
    const std::string &message() const noexcept { return message_; }
    const char *what() const noexcept override { return message_.c_str(); }

    /// Puts what it is about behind the message, once: not where the message names it already. What
    /// is more to say comes after it.
    void name_subject(const std::string &subject) {
        if (names_subject_)
            return;
        message_.insert(subject_place_, subject);
        names_subject_ = true;
    }

    /// The same, with more to say: what to do about it, or what follows from it.
    Failure with_more(std::string_view words) const {
        Failure longer(*this);
        longer.message_ += words;
        return longer;
    }

    /// The HTTP answer behind the failure; 0, 0 and -1 where there was none.
    std::int32_t http_status = 0;
    std::int32_t server_code = 0;
    std::int64_t retry_after_ms = -1;
    /// Not a byte of the request has left, so that nothing can have come of it.
    bool is_unsent = false;

  private:
    kn_status status_;
    std::string message_;
    std::size_t subject_place_; // in the message
    bool names_subject_ = false;
};

} // namespace kn
