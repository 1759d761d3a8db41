#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kosmonaut/batch.h>

#include "backend/operation.h"
#include "base/failure.h"
#include "http/endpoint.h"
#include "http/request.h"

namespace kn {

/// A request of the Backend API, and how its answer is read. Who sends it, and whether anybody
/// waits for it, it does not know.
class Call {
  public:
    /// Takes what was asked for out of a success. Throws where it is not there.
    using Reader = void (*)(const Request &sent, const Answer &received, kn_result &result);

    /// @p where outlives the call. Without @p read a success says all.
    Call(const Endpoint &where, const Operation &what, Request to_send, Reader read = nullptr);

    void give_key(KeySource &from) noexcept {
        if (!what_.is_same_twice)
            request_.key = from.next();
    }
    const Request &current() const noexcept { return request_; }
    bool take(const Answer &received, kn_result &result) const;
    bool settle(const Failure &, kn_result &) const noexcept { return false; }
    OperationOn subject() const noexcept;

  private:
    const Endpoint &where_;
    const Operation &what_;
    Request request_;
    Reader read_;
};

/// What can be called. Each checks its input, and throws what is wrong with it.
namespace calls {

Call open_channel(const Endpoint &where, std::string_view channel);
Call close_channel(const Endpoint &where, std::string_view channel);
/// No @p data stands for `{}`.
Call trigger(const Endpoint &where, std::string_view channel, std::string_view event,
             std::optional<std::string_view> data);
Call request_token(const Endpoint &where, std::string_view uid, std::string_view channels);

} // namespace calls

/// Where a channel is; checks its name.
std::string channel_path(const Endpoint &where, std::string_view channel);

/// What sends one trigger, whose @p members are as append_trigger() makes them.
Request trigger_request(const Endpoint &where, std::string_view channel, std::string_view members);

/// Appends the members of a trigger object: `"event":…,"data":…`. Checks both before.
void append_trigger(std::string &text, std::string_view event,
                    std::optional<std::string_view> data);

/// Throws unless @p received says that it was done.
void require_success(const Endpoint &where, const OperationOn &asked, const Answer &received);

/// What a success is that does not hold what was asked for.
Failure unreadable(const Answer &received, const std::string &why);

} // namespace kn
