#pragma once

#include <atomic>
#include <cstdint>

#include <kosmonaut/batch.h>

#include "backend/operation.hpp"
#include "base/failure.hpp"
#include "client/batch.hpp"
#include "http/endpoint.hpp"
#include "http/request.hpp"

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
class batch_call {
  public:
    /// @p support outlives the call.
    batch_call(const endpoint &where, const kn_batch &batch, batch_support &support);

    const request &current() const noexcept { return request_; }
    bool take(const answer &received, kn_result &result);
    operation_on subject() const noexcept;
    bool settle(const failure &why, kn_result &result) noexcept;

  private:
    enum class manner { whole, one_by_one };

    bool take_whole(const answer &received, kn_result &result);
    bool take_one(const answer &received, kn_result &result);
    void aim_at_next();

    const endpoint &where_;
    kn_batch batch_;
    batch_support &support_;
    manner manner_;
    std::size_t next_ = 0; // one by one: the trigger that is under way
    request request_;
};

} // namespace kn
