// The backend's workers of a vhost, and who of them gets an event.
#pragma once

#include "base/current.h"
#include "base/pattern.h"
#include "hub/event_keeper.h"
#include "hub/topic_memo.h"
#include "net/event_loop.h"
#include "net/shared_bytes.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webrocket {

// The receiving end of a worker's stream. It may live on any loop; what is sent is passed on there.
class Worker {
  public:
    virtual const std::string &id() const = 0;
    // What the worker calls itself; may be empty.
    virtual const std::string &name() const = 0;
    // `record` has everything but the line of the id, and is the same for all who get it. False
    // when it cannot take events any more.
    virtual bool deliver(std::uint64_t id, const SharedBytes &record) = 0;
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

// Those of the vhost that are members of groups.
struct WorkersElsewhere {
    std::size_t workers = 0;
    std::set<std::string, std::less<>> filters = {};
};

enum class WorkerRoom { enough, too_many_workers, too_many_filters };

// What a page sends to workers: a trigger is for them, a broadcast is for the channel's subscribers
// and reaches workers by the way.
enum class PageEvent { trigger, broadcast };

// What became of an event.
enum class Dispatch { taken, not_wanted, lost };

// Any thread may use it. Filters are tried and records made without a lock; one is held while an
// event gets its id and is passed on, so that ids grow along each worker's stream.
class Workers {
    struct Filters;

  public:
    // The filters that want a topic, as they were when they were tried.
    class Match {
      public:
        bool empty() const { return wanting_.empty(); }

      private:
        friend class Workers;
        std::shared_ptr<const Filters> filters_;
        TopicMemo::Filters wanting_;
    };

    Workers(const WorkerLimits &limits, std::size_t loop_count)
        : limits_(limits), on_loop_(loop_count, Current<Filters>::Reader(filters_)) {}
    Workers(const Workers &) = delete;
    Workers &operator=(const Workers &) = delete;

    // What is there already stays, even if it is more than that.
    void set_limits(const WorkerLimits &limits) { limits_.set(limits); }
    // Asked before one is added. Two that ask at the same time may both be told that there is.
    WorkerRoom room_for(std::string_view filter, const WorkersElsewhere &elsewhere = {}) const;
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

    // The broker's own topics (`room/:left`) are only for filters that spell the colon: whoever
    // wants everything means what browsers send.
    Match match(std::string_view topic) const;
    // One member of every pool whose filter matched gets the event.
    Dispatch dispatch(const Match &match, const SharedBytes &record) {
        return match.empty() ? Dispatch::not_wanted
                             : pass_on(*match.filters_, match.wanting_, record);
    }
    // What a page sent, on its loop, which remembers what it has matched. The record is made where
    // somebody wants it; what nobody was there for is counted.
    // False where nobody was there for it, and that was counted.
    template <typename MakeRecord>
    bool dispatch_of_page(EventLoop &loop, PageEvent kind, std::string_view topic,
                          const MakeRecord &make_record) {
        const Wanted wanted = wanted_on(loop, topic);
        return note_fate(kind, wanted.by.empty()
                                   ? Dispatch::not_wanted
                                   : pass_on(wanted.filters, wanted.by, shared(make_record())));
    }
    // False where it counts.
    bool note_unheard(PageEvent kind);
    // Of an event that is kept for others.
    template <typename MakeRecord>
    void dispatch_of_page_also(EventLoop &loop, std::string_view topic,
                               const MakeRecord &make_record) {
        const Wanted wanted = wanted_on(loop, topic);
        if (!wanted.by.empty())
            pass_on(wanted.filters, wanted.by, shared(make_record()));
    }

    // Whoever keeps events of the vhost, once there is anybody; for good.
    void set_keeper(std::shared_ptr<EventKeeper> keeper);
    EventKeeper *keeper() const { return keeper_.load(std::memory_order_acquire); }
    // Triggers that no worker got, and broadcasts that came while a vhost that usually has workers
    // had none.
    std::uint64_t unheard() const { return unheard_.load(std::memory_order_relaxed); }

  private:
    struct Pool {
        Pool(std::string filter_text, std::shared_ptr<const Pattern> compiled);
        bool wants(std::string_view topic) const;
        bool deliver(std::uint64_t id, const SharedBytes &record); // with the lock

        const std::string filter;
        const std::shared_ptr<const Pattern> pattern;
        const bool wants_system_events;
        // Guarded by the lock.
        std::vector<Worker *> members;
        std::size_t next = 0;
    };
    using Pools = std::vector<std::shared_ptr<Pool>>;

    struct Filters {
        explicit Filters(Pools list);
        void find(std::string_view topic, TopicMemo::Filters &wanting) const;

        std::uint64_t number; // no other list has it
        Pools pools;
    };

    static SharedBytes shared(std::string record) { return share(std::move(record)); }
    static SharedBytes shared(SharedBytes record) { return record; }

    struct Wanted {
        const Filters &filters;
        const TopicMemo::Filters &by;
    };

    Wanted wanted_on(EventLoop &loop, std::string_view topic) {
        const Filters &filters = on_loop_[loop.index()].get();
        return {filters, loop.local<TopicMemo>().wanting(
                             filters.number, topic,
                             [&](TopicMemo::Filters &found) { filters.find(topic, found); })};
    }
    Dispatch pass_on(const Filters &filters, const TopicMemo::Filters &wanting,
                     const SharedBytes &record);
    bool note_fate(PageEvent kind, Dispatch fate);
    void forget(const std::shared_ptr<Pool> &pool);

    Current<WorkerLimits> limits_;
    Current<Filters> filters_{Filters(Pools{})}; // replaced with the lock, when one comes or goes
    std::vector<Current<Filters>::Reader> on_loop_;
    std::atomic<bool> is_anybody_there_ = false;
    std::atomic<std::chrono::steady_clock::time_point> last_left_{};
    std::atomic<std::uint64_t> unheard_ = 0;
    std::shared_ptr<EventKeeper> kept_keeper_; // set once, with the lock
    std::atomic<EventKeeper *> keeper_ = nullptr;

    mutable std::mutex mutex_;
    std::uint64_t last_event_id_ = 0;
    bool closed_ = false;
};

} // namespace webrocket
