#pragma once

#include <utility>
#include <variant>

#include "backend/operation.h"
#include "base/failure.h"
#include "client/batch_call.h"
#include "client/call.h"
#include "client/result.h"
#include "http/request.h"

namespace kn {

/// What a client carries out: one request, or a batch, which may become many.
class AnyCall {
  public:
    AnyCall(Call &&one) : call_(std::move(one)) {}        // NOLINT(google-explicit-constructor)
    AnyCall(BatchCall &&many) : call_(std::move(many)) {} // NOLINT(google-explicit-constructor)

    /// Has the server know it again, where doing it twice is not doing it once.
    void give_key(KeySource &from) noexcept {
        std::visit([&](auto &of) { of.give_key(from); }, call_);
    }

    /// The request to send now.
    const Request &current() const noexcept {
        return std::visit([](const auto &of) -> const Request & { return of.current(); }, call_);
    }

    /// Takes the answer to it. True: the call goes on, with another current(). Throws the failure
    /// that the answer means.
    bool take(const Answer &received, kn_result &result) {
        return std::visit([&](auto &of) { return of.take(received, result); }, call_);
    }

    /// The current request got no answer. True: the result says all there is to say of the call
    /// even so; false: the call as a whole has failed.
    bool settle(const Failure &why, kn_result &result) noexcept {
        return std::visit([&](auto &of) { return of.settle(why, result); }, call_);
    }

    /// What the current request is about, for a message.
    OperationOn subject() const noexcept {
        return std::visit([](const auto &of) { return of.subject(); }, call_);
    }

  private:
    std::variant<Call, BatchCall> call_;
};

} // namespace kn
