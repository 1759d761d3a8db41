/**
 * @file driven.hpp
 * @brief How exceptions of callbacks get past the C library. Nothing here is for users.
 */
#ifndef KOSMONAUT_CPP_DRIVEN_HPP
#define KOSMONAUT_CPP_DRIVEN_HPP

#include <atomic>
#include <exception>
#include <utility>

#include <kosmonaut/status.h>

namespace kosmonaut {
inline namespace v1 {
namespace detail {

/**
 * What a handle shares with its callbacks. It lives on the heap, so that a callback may move the
 * owner or destroy it, and whoever is inside a call still has something to stand on.
 */
template <class Handle, auto Interrupt>
struct driven {
    explicit driven(Handle *owned) noexcept : handle(owned) {}

    /** Called in the catch block of a callback: no exception may enter the C library. */
    void caught() noexcept {
        if (!thrown) { // the first one counts, the others are likely to follow from it
            thrown = std::current_exception();
        }
        if (handle != nullptr) {
            stopped_here = true;
            Interrupt(handle);
        }
    }

    kn_status interrupt() noexcept {
        stopped_by_user = true;
        return Interrupt(handle);
    }

    /**
     * Makes a call in which callbacks may run, passes on what they throw, and keeps the interrupts
     * that they cause apart from the user's. It does not touch the owner: a callback may have
     * destroyed it.
     *
     * @param call returns a kn_status.
     * @param has_result whether the call brought something that has to be handed over first.
     */
    template <class Call, class HasResult>
    kn_status watched(Call &&call, HasResult &&has_result) {
        for (;;) {
            const kn_status status = call();
            last = status;
            if (thrown && !has_result()) {
                if (status == KN_INTERRUPTED) {
                    stopped_here = false;
                    if (stopped_by_user && handle != nullptr) {
                        Interrupt(handle); // theirs was reported as ours
                    }
                }
                std::rethrow_exception(std::exchange(thrown, nullptr));
            }
            if (status == KN_INTERRUPTED) {
                const bool ours = std::exchange(stopped_here, false);
                const bool theirs = stopped_by_user.exchange(false);
                if (ours && !theirs) {
                    continue; // left over from an exception that is out already
                }
            }
            return status;
        }
    }

    Handle *handle;            // nullptr once the owner was destroyed
    std::exception_ptr thrown; // by a callback, on its way out of the call that runs it
    kn_status last = KN_OK;
    bool has_callbacks = false;
    bool stopped_here = false;                // caught() interrupted, and no call has reported it
    std::atomic<bool> stopped_by_user{false}; // likewise interrupt()
};

} // namespace detail
} // namespace v1
} // namespace kosmonaut

#endif
