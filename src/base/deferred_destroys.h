#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace kn {

/// A `destroy` that the process of that generation owes its user.
struct OwedDestroy {
    void *user_data;
    void (*destroy)(void *); // NULL: nothing is owed
    std::uint32_t generation;

    /// Nothing is thrown, but for the unwinding of a thread that the user ends in there.
    void call() const;
};

/// What a call has let go of. A `destroy` may end its thread, and the library lets go of callbacks
/// in destructors, which that would have to unwind: it would end the process. So they wait here,
/// until the call is at a place that may be unwound.
class DeferredDestroys {
  public:
    DeferredDestroys() noexcept : place_(innermost_), outer_(std::exchange(place_, this)) {}
    /// What is left, since the thread is being ended, waits for the next run() of any thread.
    ~DeferredDestroys() {
        place_ = outer_;
        if (first_ != nullptr)
            leave_behind();
    }
    DeferredDestroys(const DeferredDestroys &) = delete;
    DeferredDestroys &operator=(const DeferredDestroys &) = delete;

    /// Calls them, in the order in which they came. There are none as a rule, and a worker's hot
    /// path comes here for each event.
    void run() {
        if (first_ != nullptr || left_behind_.load(std::memory_order_relaxed) != nullptr)
            run_all();
    }

    /// False where no call waits for it, or where there is no memory.
    static bool put_off(const OwedDestroy &what) noexcept;

  private:
    struct Waiting {
        OwedDestroy what;
        Waiting *next;
    };
    void append(Waiting *chain) noexcept;
    void run_all();
    void leave_behind() noexcept;

    static constinit inline thread_local DeferredDestroys *innermost_ = nullptr;
    static constinit inline std::atomic<Waiting *> left_behind_{nullptr};

    Waiting *first_ = nullptr;
    Waiting **end_ = &first_;
    DeferredDestroys *&place_;      // innermost_, which to find costs a call
    DeferredDestroys *const outer_; // of the call whose callback made this one
};

} // namespace kn
