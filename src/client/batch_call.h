#pragma once

#include <atomic>
#include <cstdint>

#include <kosmonaut/batch.h>

#include "backend/operation.h"
#include "base/failure.h"
#include "client/batch.h"
#include "http/endpoint.h"
#include "http/request.h"

namespace kn {

/// Whether a server takes batches, as far as a client has found out. Any thread.
class BatchSupport {
  public:
    bool is_worth_a_try() const noexcept;
    void found_missing() noexcept;

  private:
    std::atomic<std::int64_t> missing_since_s_{never};
    static constexpr std::int64_t never = -1;
};

/// Many triggers in one request; on a server that does not know it, one request after the other.
class BatchCall {
  public:
    /// @p support outlives the call.
    BatchCall(const Endpoint &where, const kn_batch &batch, BatchSupport &support);

    /// One by one means a server that knows no keys either.
    void give_key(KeySource &from) noexcept {
        if (manner_ == Manner::whole)
            request_.key = from.next();
    }
    const Request &current() const noexcept { return request_; }
    bool take(const Answer &received, kn_result &result);
    OperationOn subject() const noexcept;
    bool settle(const Failure &why, kn_result &result) noexcept;

  private:
    enum class Manner { whole, one_by_one };

    bool take_whole(const Answer &received, kn_result &result);
    bool take_one(const Answer &received, kn_result &result);
    void aim_at_next();

    const Endpoint &where_;
    kn_batch batch_;
    BatchSupport &support_;
    Manner manner_;
    std::size_t next_ = 0; // one by one: the trigger that is under way
    Request request_;
};

} // namespace kn
