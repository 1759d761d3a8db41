#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <kosmonaut/status.h>

#include "base/deadline.h"
#include "net/reactor.h"
#include "worker/delivery.h"

namespace kn {

/// Which events a worker has, and what it owes the broker for them. Any thread gives an event its
/// answer, which needs no memory; the driver sends the answers. It outlives its worker as long as
/// there are events of it.
class Ledger {
  public:
    using Clock = std::chrono::steady_clock;

    /// @p bell wakes the driver, until detach().
    Ledger(std::int32_t window, const Reactor &bell);
    ~Ledger();
    Ledger(const Ledger &) = delete;
    Ledger &operator=(const Ledger &) = delete;

    // Any thread's, with an event that was handed over.

    /// KN_OK: the answer is owed; KN_ESTATE: it had one; KN_CLOSED: too late.
    kn_status acknowledge(Delivery &one) noexcept;
    kn_status give_back(Delivery &one, GivingBack how) noexcept;
    kn_status extend(Delivery &one) noexcept;
    void defer(Delivery &one) noexcept;
    /// The event is freed: without an answer, it is given back.
    static void release(Delivery &one) noexcept;

    // The driver's.

    /// Whether the event is a new one, which needs a delivery. Otherwise it is known that it came
    /// again.
    bool is_new(const DeliveryNote &note) noexcept;
    void enter(Delivery &one) noexcept;
    void hand_over(Delivery &one) noexcept;
    /// Whether its handlers have left the answer to their end.
    bool is_left_open(const Delivery &one) noexcept;
    /// One that waits in the worker's own queue.
    void extend_waiting(Delivery &one) noexcept;

    /// Everything that is held came on a stream that does not go on.
    void begin_stream(bool is_answered_at_once) noexcept;
    /// No more events come, and those without an answer are given back.
    void close() noexcept;
    /// No answer is of any use any more.
    void revoke() noexcept;
    /// The worker goes.
    void detach() noexcept;

    /// From now on the bell rings when there is something to send sooner than the driver knows;
    /// when that is, as far as he knows.
    Deadline rest() noexcept;
    void wake_up() noexcept;
    /// When something has to be sent.
    Deadline due() noexcept;
    bool owes_nothing() noexcept;

    // One request after the other: what is in it is on its way until conclude().

    enum class Kind { nothing, acknowledge, give_back, extend };
    /// Makes the members of the next one behind those in @p text.
    Kind compose(std::string &text);
    enum class Fate { taken, lost, refused };
    void conclude(Fate how) noexcept;

    std::int64_t acknowledged() const noexcept { return acknowledged_.load(relaxed); }
    std::int64_t given_back() const noexcept { return given_back_.load(relaxed); }
    std::int64_t held() const noexcept { return held_.load(relaxed); }

  private:
    using Place = Delivery::Place;
    static constexpr auto relaxed = std::memory_order_relaxed;

    DeliveryList *list_of(Place place) noexcept;
    Delivery **bucket_of(std::string_view id) noexcept;
    Delivery *find(std::string_view id) noexcept;
    void move(Delivery &one, Place to) noexcept;
    void forget(Delivery &one) noexcept;
    void forget_all(DeliveryList &of) noexcept;
    void owe(Delivery &one, Place what) noexcept;
    void note_debt() noexcept;
    void remember(Delivery &one) noexcept;
    kn_status answerable(Delivery &one) noexcept;
    void free_event_of(Delivery &one) noexcept;
    void conclude_extension(Fate how) noexcept;
    Deadline due_locked() const noexcept;
    std::size_t owed() const noexcept { return to_acknowledge_.size() + to_give_back_.size(); }
    std::uint64_t lowest_unacknowledged() const noexcept;
    Kind next_kind() const noexcept;
    Kind compose_acknowledgement(std::string &text);
    Kind compose_giving_back(std::string &text);
    Kind compose_extension(std::string &text);

    const std::size_t half_window_;

    std::mutex mutex_; // guards all below, and what is in a delivery
    const Reactor *bell_;
    bool is_driver_awake_ = true;
    bool is_answered_at_once_ = false;
    bool is_closed_ = false;
    bool is_sent_outdated_ = false; // on a stream that does not go on
    Kind under_way_ = Kind::nothing;
    Kind last_ = Kind::nothing;  // of the kinds that was sent
    std::size_t extensions_ = 0; // wanted
    Clock::time_point first_debt_at_;
    DeliveryList open_; // queued and held, by their tags
    DeliveryList outdated_;
    DeliveryList to_acknowledge_;
    DeliveryList to_give_back_;
    DeliveryList sent_;
    DeliveryList remembered_;
    std::vector<Delivery *> buckets_; // by id; a power of two

    std::atomic<std::int64_t> acknowledged_{0};
    std::atomic<std::int64_t> given_back_{0};
    std::atomic<std::int64_t> held_{0};
};

} // namespace kn
