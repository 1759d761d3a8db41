#include "base/deferred_destroys.h"

#include <memory>
#include <new>

#include "base/callback.h"
#include "base/cancellation_hold.h"
#include "base/process.h"

namespace kn {

void OwedDestroy::call() const {
    // A forked child must not run its parent's callbacks.
    if (destroy == nullptr || generation != process_generation())
        return;
    // Whoever lets go last need not be inside a call that holds it off.
    const CancellationHold hold;
    (void)has_thrown([this] { destroy(user_data); }); // nobody is left to tell
}

void DeferredDestroys::leave_behind() noexcept {
    while (Waiting *const one = first_) {
        first_ = one->next;
        one->next = left_behind_.load(std::memory_order_relaxed);
        while (!left_behind_.compare_exchange_weak(one->next, one, std::memory_order_release,
                                                   std::memory_order_relaxed)) {
        }
    }
}

void DeferredDestroys::append(Waiting *chain) noexcept {
    for (*end_ = chain; *end_ != nullptr; end_ = &(*end_)->next) {
    }
}

bool DeferredDestroys::put_off(const OwedDestroy &what) noexcept {
    if (innermost_ == nullptr)
        return false;
    auto *const one = new (std::nothrow) Waiting{what, nullptr};
    if (one == nullptr)
        return false;
    innermost_->append(one);
    return true;
}

void DeferredDestroys::run_all() {
    append(left_behind_.exchange(nullptr, std::memory_order_acquire));
    while (first_ != nullptr) {
        const std::unique_ptr<Waiting> next(first_);
        first_ = next->next;
        if (first_ == nullptr)
            end_ = &first_;
        next->what.call();
    }
}

} // namespace kn
