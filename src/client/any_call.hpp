#pragma once

#include <utility>
#include <variant>

#include "backend/operation.hpp"
#include "base/failure.hpp"
#include "client/batch_call.hpp"
#include "client/call.hpp"
#include "client/result.hpp"
#include "http/request.hpp"

namespace kn {

/// What a client carries out: one request, or a batch, which may become many.
class any_call {
  public:
    any_call(call &&one) : call_(std::move(one)) {}         // NOLINT(google-explicit-constructor)
    any_call(batch_call &&many) : call_(std::move(many)) {} // NOLINT(google-explicit-constructor)

    /// The request to send now.
    const request &current() const noexcept {
        return std::visit([](const auto &of) -> const request & { return of.current(); }, call_);
    }

    /// Takes the answer to it. True: the call goes on, with another current(). Throws the failure
    /// that the answer means.
    bool take(const answer &received, kn_result &result) {
        return std::visit([&](auto &of) { return of.take(received, result); }, call_);
    }

    /// The current request got no answer. True: the result says all there is to say of the call
    /// even so; false: the call as a whole has failed.
    bool settle(const failure &why, kn_result &result) noexcept {
        return std::visit([&](auto &of) { return of.settle(why, result); }, call_);
    }

    /// What the current request is about, for a message.
    operation_on subject() const noexcept {
        return std::visit([](const auto &of) { return of.subject(); }, call_);
    }

  private:
    std::variant<call, batch_call> call_;
};

} // namespace kn
