#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <string_view>

#include <cxxabi.h>

#include "base/cancellation_hold.h"
#include "base/deferred_destroys.h"
#include "base/error.h"
#include "base/failure.h"
#include "base/process.h"

namespace kn::capi {

inline kn_status report(kn_error **error, const Failure &why) noexcept {
    if (error != nullptr)
        *error = make_error(why);
    return why.status();
}

inline kn_status report_out_of_memory(kn_error **error) noexcept {
    if (error != nullptr)
        *error = out_of_memory_error();
    return KN_ENOMEM;
}

inline kn_status report_bug(kn_error **error, const char *what) noexcept {
    try {
        return report(error, Failure(KN_EINTERNAL, std::string("a bug in libkosmonaut: ") + what));
    } catch (const std::bad_alloc &) {
        return report_out_of_memory(error);
    }
}

/// What @p body returned or threw, but for the unwinding of a thread that a callback has ended.
template <class Body>
kn_status status_of(kn_error **error, Body &&body) {
    try {
        return body();
    } catch (const Failure &why) {
        return report(error, why);
    } catch (const std::bad_alloc &) {
        return report_out_of_memory(error);
    } catch (abi::__forced_unwind &) {
        throw;
    } catch (const std::exception &e) {
        return report_bug(error, e.what());
    } catch (...) {
        return report_bug(error, "an exception of no known type");
    }
}

/// The wall: what an entry point does, it does in here. No exception gets through, and what it has
/// let go of is destroyed at its end.
template <class Body>
kn_status walled(kn_error **error, Body &&body) {
    DeferredDestroys destroys;
    const kn_status status = status_of(error, static_cast<Body &&>(body));
    destroys.run();
    return status;
}

/// The wall, and no cancellation behind it.
template <class Body>
kn_status guarded(kn_error **error, Body &&body) {
    const CancellationHold hold;
    return walled(error, static_cast<Body &&>(body));
}

/// For the calls that have no room for an error object.
template <class Body>
kn_status guarded(Body &&body) {
    return guarded(nullptr, static_cast<Body &&>(body));
}

/// For what has no status to fail with.
template <class Object>
Object *made_or_null() noexcept {
    try {
        return new Object;
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

template <class Pointer>
Pointer required(Pointer pointer, const char *what) {
    if (pointer == nullptr)
        throw Failure(KN_EINVAL, std::string(what) + " is NULL");
    return pointer;
}

inline std::string_view required_text(const char *text, const char *what) {
    return required(text, what);
}

/// Text that may be NULL.
inline std::optional<std::string_view> optional_text(const char *text) {
    return text != nullptr ? std::optional<std::string_view>(text) : std::nullopt;
}

/// Text for the caller to free with kn_string_free().
inline char *copied(std::string_view text) {
    auto *copy = static_cast<char *>(std::malloc(text.size() + 1));
    if (copy == nullptr)
        throw std::bad_alloc();
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return copy;
}

/// milliseconds that a call may wait: -1 and more.
inline std::int64_t required_timeout(std::int64_t timeout_ms) {
    if (timeout_ms < -1)
        throw Failure(KN_EINVAL, "the time is " + std::to_string(timeout_ms) +
                                     " ms; it is -1 for no limit, or 0 and more");
    return timeout_ms;
}

/// A handle that was made in this process.
template <class Handle>
Handle *required_here(Handle *handle) {
    if (required(handle, "the handle")->generation != process_generation())
        throw forked_off();
    return handle;
}

/// A handle while a call is inside it. Where the owner frees it meanwhile, the last call out does
/// the work. A child that a callback has forked comes out too, and has no part in any of that.
template <class Handle>
class Visit {
  public:
    explicit Visit(Handle *handle) : handle_(required_here(handle)) { handle->inside().enter(); }
    ~Visit() {
        if (handle_->generation == process_generation() && handle_->inside().leave())
            delete handle_;
    }
    Visit(const Visit &) = delete;
    Visit &operator=(const Visit &) = delete;

    auto *operator->() const noexcept { return &handle_->object; }
    auto &operator*() const noexcept { return handle_->object; }

  private:
    Handle *handle_;
};

/// The same for a driver's call that is made for every event. Nearly always nobody else is inside;
/// then it comes and goes with the seat, at half the cost. What it does itself a thread may be
/// cancelled in.
template <class Handle>
class SeatedVisit {
  public:
    explicit SeatedVisit(Handle *handle)
        : handle_(required_here(handle)), has_seat_(handle->inside().enter_alone()) {
        if (!has_seat_)
            handle->inside().enter();
    }
    ~SeatedVisit() {
        if (!has_seat_ || !handle_->inside().leave_alone())
            leave_in_two_steps();
    }
    SeatedVisit(const SeatedVisit &) = delete;
    SeatedVisit &operator=(const SeatedVisit &) = delete;

    auto *operator->() const noexcept { return &handle_->object; }
    /// False: the call has to take it itself, if it can.
    bool has_seat() const noexcept { return has_seat_; }

  private:
    void leave_in_two_steps() noexcept {
        if (handle_->generation != process_generation())
            return;
        const CancellationHold hold;
        if (has_seat_)
            handle_->inside().give_up_seat();
        if (handle_->inside().leave())
            delete handle_;
    }

    Handle *handle_;
    const bool has_seat_;
};

} // namespace kn::capi
