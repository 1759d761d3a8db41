#pragma once

#include <memory>
#include <utility>

#include <cxxabi.h>

#include "base/deferred_destroys.h"
#include "base/process.h"

namespace kn {

/// Calls the user, whose exceptions get no further; whether there was one. Only the unwinding of a
/// thread that the user ends goes on. What follows must not be done in a catch: there, the next
/// user's function could not end its thread.
template <class Call>
bool has_thrown(Call &&call) {
    try {
        call();
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (...) {
        return true;
    }
    return false;
}

/// The user's data behind a callback, which `destroy` ends exactly once. An entry point takes it in
/// with its first line, so that it ends well on every way out.
class UserDataOwner {
  public:
    UserDataOwner(void *user_data, void (*destroy)(void *)) noexcept
        : owed_{user_data, destroy, process_generation()} {}
    UserDataOwner(UserDataOwner &&other) noexcept : owed_(other.owed_) {
        other.owed_.destroy = nullptr;
    }
    UserDataOwner &operator=(UserDataOwner &&) = delete;
    ~UserDataOwner() {
        if (owed_.destroy != nullptr && !DeferredDestroys::put_off(owed_))
            end();
    }

    /// Calls `destroy` now, which may end its thread.
    void end() {
        const OwedDestroy owed = owed_;
        owed_.destroy = nullptr;
        owed.call();
    }

    void *get() const noexcept { return owed_.user_data; }

  private:
    OwedDestroy owed_;
};

/// A user's function with its data. Shared, so that a handler which replaces itself lives until it
/// has returned.
template <class Function>
class Callback {
  public:
    Callback(Function function, UserDataOwner &&user_data) noexcept
        : function_(function), user_data_(std::move(user_data)) {}

    template <class... Arguments>
    void operator()(Arguments... arguments) const {
        function_(arguments..., user_data_.get());
    }

  private:
    Function function_;
    UserDataOwner user_data_;
};

template <class Function>
using CallbackPtr = std::shared_ptr<const Callback<Function>>;

/// No function means no callback; the data ends at once.
template <class Function>
CallbackPtr<Function> make_callback(Function function, UserDataOwner &&user_data) {
    if (function == nullptr)
        return nullptr;
    return std::make_shared<const Callback<Function>>(function, std::move(user_data));
}

} // namespace kn
