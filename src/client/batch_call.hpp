#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "client/api_call.hpp"
#include "client/batch.hpp"

namespace kn {

/// Whether a server takes batches, as far as a client has found out. Any thread.
class batch_support {
  public:
    bool is_worth_a_try() const noexcept;
    void found_missing() noexcept;

  private:
    std::atomic<std::int64_t> missing_since_s_{never};
    static constexpr std::int64_t never = -1;
};

/// Many triggers in one request; on a server that does not know it, one request after the other.
class batch_call final : public api_call {
  public:
    /// @p support outlives the call.
    batch_call(const endpoint &where, const kn_batch &batch, batch_support &support);

    const request &current() const noexcept override { return request_; }
    bool take(const answer &received, kn_result &result) override;
    operation_on subject() const noexcept override;
    bool settle(const failure &why, kn_result &result) noexcept override;

  private:
    enum class manner { whole, one_by_one };

    void begin_whole();
    bool take_one(const answer &received, kn_result &result);
    void aim_at_next();

    const endpoint &where_;
    std::vector<kn_batch::trigger> triggers_;
    batch_support &support_;
    manner manner_;
    std::size_t next_ = 0; // one by one: the trigger that is under way
    request request_;
};

} // namespace kn
