#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/interruption.hpp"
#include "base/occupancy.hpp"
#include "base/process.hpp"
#include "base/settings.hpp"
#include "client/any_call.hpp"
#include "client/async_calls.hpp"
#include "client/batch_call.hpp"
#include "client/client_metrics.hpp"
#include "client/connection_pool.hpp"
#include "http/endpoint.hpp"

namespace kn {

/// The requests of the Backend API: as calls that wait for their answer, and as calls that are
/// handed in and moved on by whoever sits in the driver's seat.
class client {
  public:
    client(std::string_view url, const settings &options);
    client(const client &) = delete;
    client &operator=(const client &) = delete;

    // Any number of threads at once.

    /// Carries a call out and waits for its end. Throws where it has failed as a whole.
    void carry_out(any_call &&call, kn_result &result);
    /// Takes a call that nobody waits for. The completion is the call's, also where it is not
    /// taken.
    void hand_in(any_call &&call, completion &&whom);

    // The driver's. Each takes the seat, or throws KN_ESTATE.
    kn_status dispatch();
    kn_status flush(milliseconds timeout);

    // Any thread's.
    const endpoint &where() const noexcept { return where_; }
    batch_support &batches() noexcept { return batch_support_; }
    int fd();
    void interrupt() noexcept;
    std::size_t pending() const noexcept;
    const client_metrics &metrics() const noexcept { return metrics_; }
    /// The owner is gone: calls that wait run to their end, the others are dropped.
    void abandon() noexcept;
    /// Comes before the client is destroyed.
    void await_interrupts() const noexcept { interruption_.await_leavers(); }

    occupancy &inside() noexcept { return inside_; }

  private:
    class seat;

    void exchange(any_call &call, kn_result &result);
    async_calls &calls();
    async_calls *calls_if_any() const noexcept { return calls_.load(std::memory_order_acquire); }
    std::optional<kn_status> standing_answer() noexcept;

    settings options_;
    endpoint where_;
    home home_;
    occupancy inside_;
    interruption interruption_;
    std::atomic<bool> is_abandoned_{false};
    client_metrics metrics_;
    batch_support batch_support_;
    connection_pool pool_{where_, options_, metrics_};

    // Descriptors and all, made for whoever uses it.
    std::mutex making_calls_;
    std::unique_ptr<async_calls> owned_calls_;
    std::atomic<async_calls *> calls_{nullptr};
};

} // namespace kn
