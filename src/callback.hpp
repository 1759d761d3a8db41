#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <cxxabi.h>

#include "cancellation_hold.hpp"
#include "process.hpp"

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
class user_data_owner {
  public:
    user_data_owner(void *user_data, void (*destroy)(void *)) noexcept
        : user_data_(user_data), destroy_(destroy), generation_(process_generation()) {}
    user_data_owner(user_data_owner &&other) noexcept
        : user_data_(other.user_data_), destroy_(other.destroy_), generation_(other.generation_) {
        other.destroy_ = nullptr;
    }
    user_data_owner &operator=(user_data_owner &&) = delete;
    ~user_data_owner() { end(); }

    /// What the destructor does otherwise. From here `destroy` may end its thread.
    void end() {
        void (*const destroy)(void *) = std::exchange(destroy_, nullptr);
        // A forked child must not run its parent's callbacks.
        if (destroy == nullptr || generation_ != process_generation())
            return;
        // Whoever lets go last need not be inside a call that holds it off.
        const cancellation_hold hold;
        (void)has_thrown([&] { destroy(user_data_); }); // nobody is left to tell
    }

    void *get() const noexcept { return user_data_; }

  private:
    void *user_data_;
    void (*destroy_)(void *);
    std::uint32_t generation_;
};

/// A user's function with its data. Shared, so that a handler which replaces itself lives until it
/// has returned.
template <class Function>
class callback {
  public:
    callback(Function function, user_data_owner &&user_data) noexcept
        : function_(function), user_data_(std::move(user_data)) {}

    template <class... Arguments>
    void operator()(Arguments... arguments) const {
        function_(arguments..., user_data_.get());
    }

  private:
    Function function_;
    user_data_owner user_data_;
};

template <class Function>
using callback_ptr = std::shared_ptr<const callback<Function>>;

/// No function means no callback; the data ends at once.
template <class Function>
callback_ptr<Function> make_callback(Function function, user_data_owner &&user_data) {
    if (function == nullptr)
        return nullptr;
    return std::make_shared<const callback<Function>>(function, std::move(user_data));
}

} // namespace kn
