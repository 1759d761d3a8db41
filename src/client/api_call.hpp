#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "backend/answer_failure.hpp"
#include "base/failure.hpp"
#include "client/result.hpp"
#include "http/endpoint.hpp"
#include "http/request.hpp"

namespace kn {

/// A call of the Backend API on its way: what to send, and what the answers mean. Who sends it, and
/// whether anybody waits for it, it does not know.
class api_call {
  public:
    virtual ~api_call() = default;

    /// The request to send now.
    virtual const request &current() const noexcept = 0;

    /// Takes the answer to it. True: the call goes on, with another current(). Throws the failure
    /// that the answer means.
    virtual bool take(const answer &received, kn_result &result) = 0;

    /// The current request got no answer. True: the result says all there is to say of the call
    /// even so; false: the call as a whole has failed.
    virtual bool settle(const failure &, kn_result &) noexcept { return false; }

    /// What the current request is about, for a message.
    virtual operation_on subject() const noexcept = 0;

    api_call(const api_call &) = delete;
    api_call &operator=(const api_call &) = delete;
    api_call &operator=(api_call &&) = delete;

  protected:
    api_call() = default;
    api_call(api_call &&) = default;
};

/// A call that is one request.
class single_call final : public api_call {
  public:
    // Each checks its input, and throws what is wrong with it.
    static single_call open_channel(const endpoint &where, std::string_view channel);
    static single_call close_channel(const endpoint &where, std::string_view channel);
    /// No @p data stands for `{}`.
    static single_call trigger(const endpoint &where, std::string_view channel,
                               std::string_view event, std::optional<std::string_view> data);
    static single_call request_token(const endpoint &where, std::string_view uid,
                                     std::string_view channels);

    const request &current() const noexcept override { return request_; }
    bool take(const answer &received, kn_result &result) override;
    operation_on subject() const noexcept override;

    single_call(const endpoint &where, operation what, request sent)
        : where_(where), what_(what), request_(std::move(sent)) {}

  private:
    const endpoint &where_;
    operation what_;
    request request_;
};

/// Where a channel is; checks its name.
std::string channel_path(const endpoint &where, std::string_view channel);

/// Where a channel's events are triggered.
std::string trigger_path(const endpoint &where, std::string_view channel);

/// The members of a trigger object, without braces: `"event":…,"data":…`. Checks both.
std::string trigger_members(std::string_view event, std::optional<std::string_view> data);

/// The channel that a request's path names; "" where it names none.
std::string_view channel_in(const endpoint &where, const request &sent) noexcept;

/// Throws unless @p received says that @p what was done.
void require_success(const endpoint &where, operation what, std::string_view channel,
                     const answer &received);

} // namespace kn
