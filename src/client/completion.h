#pragma once

#include <exception>
#include <string>
#include <utility>

#include <kosmonaut/client.h>

#include "base/callback.h"
#include "base/log.h"

namespace kn {

/// Whom to tell how a call ended: at most one `fn`, always one `destroy`.
class Completion {
  public:
    Completion(kn_completion fn, UserDataOwner &&user_data) noexcept
        : fn_(fn), user_data_(std::move(user_data)) {}

    /// No exception of the user's gets any further: there may be C above us.
    void tell(const kn_result &result, const Log &logger) const {
        if (fn_ == nullptr)
            return;
        if (has_thrown([&] { fn_(&result, user_data_.get()); }))
            logger.write(KN_LOG_ERROR,
                         [] { return std::string("a completion threw an exception through C"); });
    }

    /// `destroy`, where it may end its thread.
    void end() { user_data_.end(); }

  private:
    kn_completion fn_;
    UserDataOwner user_data_;
};

} // namespace kn
