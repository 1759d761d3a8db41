#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/interruption.h"
#include "base/occupancy.h"
#include "base/process.h"
#include "base/settings.h"
#include "client/any_call.h"
#include "client/async_calls.h"
#include "client/batch_call.h"
#include "client/client_metrics.h"
#include "client/connection_pool.h"
#include "client/retries.h"
#include "http/endpoint.h"

namespace kn {

/// The requests of the Backend API: as calls that wait for their answer, and as calls that are
/// handed in and moved on by whoever sits in the driver's seat.
class Client {
  public:
    Client(std::string_view url, const Settings &options);
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    // Any number of threads at once.

    /// Carries a call out and waits for its end. Throws where it has failed as a whole.
    void carry_out(AnyCall &&call, kn_result &result);
    /// Takes a call that nobody waits for. The completion is the call's, also where it is not
    /// taken.
    void hand_in(AnyCall &&call, Completion &&whom);

    // The driver's. Each takes the seat, or throws KN_ESTATE.
    kn_status dispatch();
    kn_status flush(milliseconds timeout);

    // Any thread's.
    const Endpoint &where() const noexcept { return where_; }
    BatchSupport &batches() noexcept { return batch_support_; }
    int fd();
    void interrupt() noexcept;
    std::size_t pending() const noexcept;
    const ClientMetrics &metrics() const noexcept { return metrics_; }
    /// The owner is gone: calls that wait run to their end, the others are dropped.
    void abandon() noexcept;
    /// Comes before the client is destroyed.
    void await_interrupts() const noexcept { interruption_.await_leavers(); }

    Occupancy &inside() noexcept { return inside_; }

  private:
    class Seat;

    void exchange(AnyCall &call, kn_result &result);
    std::optional<milliseconds> try_once(AnyCall &call, Tries &tries, const Deadline &until,
                                         kn_result &result);
    void rest(milliseconds pause);
    AsyncCalls &calls();
    AsyncCalls *calls_if_any() const noexcept { return calls_.load(std::memory_order_acquire); }
    std::optional<kn_status> standing_answer() noexcept;

    Settings options_;
    Endpoint where_;
    Home home_;
    Occupancy inside_;
    Interruption interruption_;
    std::atomic<bool> is_abandoned_{false};
    ClientMetrics metrics_;
    BatchSupport batch_support_;
    Retries retries_{options_, metrics_};
    std::mutex resting_; // calls that wait before they are tried again
    std::condition_variable rest_is_over_;
    ConnectionPool pool_{where_, options_, metrics_};

    // Descriptors and all, made for whoever uses it.
    std::mutex making_calls_;
    std::unique_ptr<AsyncCalls> owned_calls_;
    std::atomic<AsyncCalls *> calls_{nullptr};
};

} // namespace kn
