#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <kosmonaut/batch.h>

#include "backend/operation.hpp"
#include "base/failure.hpp"
#include "http/endpoint.hpp"
#include "http/request.hpp"

namespace kn {

/// A request of the Backend API, and how its answer is read. Who sends it, and whether anybody
/// waits for it, it does not know.
class call {
  public:
    /// Takes what was asked for out of a success. Throws where it is not there.
    using reader = void (*)(const request &sent, const answer &received, kn_result &result);

    /// @p where outlives the call. Without @p read a success says all.
    call(const endpoint &where, const operation &what, request to_send, reader read = nullptr);

    const request &current() const noexcept { return request_; }
    bool take(const answer &received, kn_result &result) const;
    bool settle(const failure &, kn_result &) const noexcept { return false; }
    operation_on subject() const noexcept;

  private:
    const endpoint &where_;
    const operation &what_;
    request request_;
    reader read_;
};

/// What can be called. Each checks its input, and throws what is wrong with it.
namespace calls {

call open_channel(const endpoint &where, std::string_view channel);
call close_channel(const endpoint &where, std::string_view channel);
/// No @p data stands for `{}`.
call trigger(const endpoint &where, std::string_view channel, std::string_view event,
             std::optional<std::string_view> data);
call request_token(const endpoint &where, std::string_view uid, std::string_view channels);

} // namespace calls

/// Where a channel is; checks its name.
std::string channel_path(const endpoint &where, std::string_view channel);

/// What sends one trigger, whose @p members are as append_trigger() makes them.
request trigger_request(const endpoint &where, std::string_view channel, std::string_view members);

/// Appends the members of a trigger object: `"event":…,"data":…`. Checks both before.
void append_trigger(std::string &text, std::string_view event,
                    std::optional<std::string_view> data);

/// Throws unless @p received says that it was done.
void require_success(const endpoint &where, const operation_on &asked, const answer &received);

/// What a success is that does not hold what was asked for.
failure unreadable(const answer &received, const std::string &why);

} // namespace kn
