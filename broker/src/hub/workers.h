// The backend's workers of a vhost, and who of them gets an event.
#pragma once

#include "base/current.h"
#include "base/pattern.h"
#include "hub/worker_event.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// The receiving end of a worker's stream. It may live on any loop; what is sent is passed on there.
class Worker {
  public:
    virtual const std::string &id() const = 0;
    // What the worker calls itself; may be empty.
    virtual const std::string &name() const = 0;
    // False when it cannot take events any more.
    virtual bool deliver(const WorkerEvent &event) = 0;
    // The vhost is gone.
    virtual void dismiss() = 0;

  protected:
    ~Worker() = default;
};

struct WorkerSummary {
    std::string id;
    std::string name;
    std::string filter;
};

struct WorkerLimits {
    std::size_t workers_max = 1000;
    std::size_t filters_max = 100; // each is tried on every event
};

enum class WorkerRoom { enough, too_many_workers, too_many_filters };

// What a page sends to workers: a trigger is for them, a broadcast is for the channel's subscribers
// and reaches workers by the way.
enum class PageEvent { trigger, broadcast };

// What became of an event.
enum class Dispatch { taken, not_wanted, lost };

// Any thread may use it. Filters are tried without a lock; one is held while an event gets its id
// and is passed on, so that ids grow along each worker's stream.
class Workers {
  public:
    explicit Workers(const WorkerLimits &limits) : limits_(limits) {}
    Workers(const Workers &) = delete;
    Workers &operator=(const Workers &) = delete;

    // What is there already stays, even if it is more than that.
    void set_limits(const WorkerLimits &limits) { limits_.set(limits); }
    // Asked before one is added. Two that ask at the same time may both be told that there is.
    WorkerRoom room_for(std::string_view filter) const;
    // Workers with the same filter text share the work. `pattern` is null for "every topic". One
    // that comes too late, to a vhost that is gone, is dismissed.
    void add(Worker &worker, const std::string &filter, std::shared_ptr<const Pattern> pattern);
    // Does nothing if it was dismissed.
    void remove(Worker &worker);
    // For good.
    void dismiss_all();

    bool is_anybody_there() const { return is_anybody_there_.load(std::memory_order_relaxed); }
    // Sorted by id.
    std::vector<WorkerSummary> list() const;

    // One member of every pool whose filter matches gets the event. The broker's own (`room/:left`)
    // go only to filters that spell the colon: whoever wants everything means what browsers send.
    Dispatch dispatch(std::string_view topic, std::string_view payload);
    // What a page sent, and what is counted when nobody was there for it.
    void dispatch_of_page(PageEvent kind, std::string_view topic, std::string_view payload);
    void note_unheard(PageEvent kind);
    // Triggers that no worker got, and broadcasts that came while a vhost that usually has workers
    // had none.
    std::uint64_t unheard() const { return unheard_.load(std::memory_order_relaxed); }

  private:
    struct Pool {
        Pool(std::string filter_text, std::shared_ptr<const Pattern> compiled);
        bool wants(std::string_view topic) const;
        bool deliver(const WorkerEvent &event); // with the lock

        const std::string filter;
        const std::shared_ptr<const Pattern> pattern;
        const bool wants_system_events;
        // Guarded by the lock.
        std::vector<Worker *> members;
        std::size_t next = 0;
    };
    using Pools = std::vector<std::shared_ptr<Pool>>;

    void forget(const std::shared_ptr<Pool> &pool);

    Current<WorkerLimits> limits_;
    Current<Pools> pools_{Pools()}; // replaced with the lock, when a filter comes or goes
    std::atomic<bool> is_anybody_there_ = false;
    std::atomic<std::chrono::steady_clock::time_point> last_left_{};
    std::atomic<std::uint64_t> unheard_ = 0;

    mutable std::mutex mutex_;
    std::uint64_t last_event_id_ = 0;
    bool closed_ = false;
};

} // namespace webrocket
