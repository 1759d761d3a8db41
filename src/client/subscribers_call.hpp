#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/api_call.hpp"

namespace kn {

/// The question who is on a channel; its answer is one page.
class subscribers_call final : public api_call {
  public:
    /// Checks its input. No @p after: from the beginning. A @p limit of 0 is the server's.
    subscribers_call(const endpoint &where, std::string_view channel,
                     std::optional<std::string_view> after, std::int32_t limit);

    const request &current() const noexcept override { return request_; }
    bool take(const answer &received, kn_result &result) override;
    operation_on subject() const noexcept override {
        return {operation::subscribers, channel_in(where_, request_)};
    }

  private:
    const endpoint &where_;
    std::optional<std::string> after_;
    request request_;
};

} // namespace kn
