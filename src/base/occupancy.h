#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>

namespace kn {

/// Who is inside a handle: its owner, calls of any number of threads, and at most one of them in
/// the driver's seat. Whoever is the last one out deletes the handle.
///
/// Both are kept in one word, so that whoever finds nobody there can change both at once: a
/// worker's hot path goes through here twice for each event.
class Occupancy {
  public:
    using Clock = std::chrono::steady_clock;

    /// Comes in; the owner's reference makes that safe.
    void enter() noexcept { word_.fetch_add(one_call, std::memory_order_acquire); }
    /// True: that was the last one.
    [[nodiscard]] bool leave() noexcept {
        return word_.fetch_sub(one_call, std::memory_order_acq_rel) == one_call;
    }
    /// The owner goes. True: nobody is inside.
    [[nodiscard]] bool disown() noexcept {
        return word_.fetch_sub(owner, std::memory_order_acq_rel) == owner;
    }

    /// Takes the driver's seat, from inside; false when somebody sits there.
    [[nodiscard]] bool take_seat() noexcept {
        return (word_.fetch_or(seat_taken, std::memory_order_acq_rel) & seat_taken) == 0;
    }
    void give_up_seat() noexcept {
        word_.fetch_and(~seat_taken, std::memory_order_seq_cst);
        if (waiting_.load(std::memory_order_seq_cst) == 0)
            return;
        const std::lock_guard lock(mutex_);
        seat_is_free_.notify_all();
    }
    /// Comes in and takes the seat in one step. False, and nothing done: somebody else is inside.
    [[nodiscard]] bool enter_alone() noexcept {
        std::uint64_t seen = owner;
        return word_.compare_exchange_strong(seen, alone_in_seat, std::memory_order_acq_rel);
    }
    /// Gives up the seat and leaves in one step. False, and nothing done: somebody came meanwhile,
    /// or the owner is gone.
    [[nodiscard]] bool leave_alone() noexcept {
        std::uint64_t seen = alone_in_seat;
        return word_.compare_exchange_strong(seen, owner, std::memory_order_acq_rel);
    }

    /// Waits for the seat until then, or for ever.
    [[nodiscard]] bool wait_for_seat(std::optional<Clock::time_point> until) {
        const WaitingHere here(waiting_);
        std::unique_lock lock(mutex_);
        while (!take_seat()) {
            if (!until)
                seat_is_free_.wait(lock);
            else if (seat_is_free_.wait_until(lock, *until) == std::cv_status::timeout)
                return take_seat();
        }
        return true;
    }

  private:
    static constexpr std::uint64_t seat_taken = 1;
    // A bit of its own: another call beside the driver waits for the seat and has to be told of it,
    // which the owner need not.
    static constexpr std::uint64_t owner = 2;
    static constexpr std::uint64_t one_call = 4;
    static constexpr std::uint64_t alone_in_seat = owner | one_call | seat_taken;

    struct WaitingHere {
        explicit WaitingHere(std::atomic<int> &count) : count_(count) { count_.fetch_add(1); }
        ~WaitingHere() { count_.fetch_sub(1); }
        WaitingHere(const WaitingHere &) = delete;
        WaitingHere &operator=(const WaitingHere &) = delete;
        std::atomic<int> &count_;
    };

    std::atomic<std::uint64_t> word_{owner};
    std::atomic<int> waiting_{0};
    std::mutex mutex_;
    std::condition_variable seat_is_free_;
};

} // namespace kn
