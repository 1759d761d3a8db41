// The single access tokens of a vhost.
#pragma once

#include "base/line_pause.h"
#include "hub/token_book.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace webrocket {

// Any thread may use it.
class Tokens {
  public:
    // `vhost` is for log lines.
    Tokens(std::string vhost, const TokenLimits &limits)
        : vhost_(std::move(vhost)), book_(limits) {}

    // For those that are issued from now on.
    void set_limits(const TokenLimits &limits);
    std::string issue(Permission permission);
    // Null for a token that is unknown, spent or expired.
    std::shared_ptr<const Permission> spend(std::string_view token);
    // How many went unspent and before their time, because there were too many.
    std::uint64_t displaced() const;

  private:
    const std::string vhost_;
    mutable std::mutex mutex_;
    TokenBook book_;
    LinePause line_pause_;
};

} // namespace webrocket
