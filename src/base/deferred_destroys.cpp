#include "base/deferred_destroys.hpp"

#include <memory>
#include <new>

#include "base/callback.hpp"
#include "base/cancellation_hold.hpp"
#include "base/process.hpp"

namespace kn {

void owed_destroy::call() const {
    // A forked child must not run its parent's callbacks.
    if (destroy == nullptr || generation != process_generation())
        return;
    // Whoever lets go last need not be inside a call that holds it off.
    const cancellation_hold hold;
    (void)has_thrown([this] { destroy(user_data); }); // nobody is left to tell
}

void deferred_destroys::leave_behind() noexcept {
    while (waiting *const one = first_) {
        first_ = one->next;
        one->next = left_behind_.load(std::memory_order_relaxed);
        while (!left_behind_.compare_exchange_weak(one->next, one, std::memory_order_release,
                                                   std::memory_order_relaxed)) {
        }
    }
}

void deferred_destroys::append(waiting *chain) noexcept {
    for (*end_ = chain; *end_ != nullptr; end_ = &(*end_)->next) {
    }
}

bool deferred_destroys::put_off(const owed_destroy &what) noexcept {
    if (innermost_ == nullptr)
        return false;
    auto *const one = new (std::nothrow) waiting{what, nullptr};
    if (one == nullptr)
        return false;
    innermost_->append(one);
    return true;
}

void deferred_destroys::run_all() {
    append(left_behind_.exchange(nullptr, std::memory_order_acquire));
    while (first_ != nullptr) {
        const std::unique_ptr<waiting> next(first_);
        first_ = next->next;
        if (first_ == nullptr)
            end_ = &first_;
        next->what.call();
    }
}

} // namespace kn
