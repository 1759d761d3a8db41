// The backend's workers of a vhost, and who of them gets an event.
#pragma once

#include "base/pattern.h"
#include "hub/worker_event.h"

#include <cstddef>
#include <cstdint>
#include <memory>
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

// What became of an event.
enum class Dispatch { taken, not_wanted, lost };

class WorkerPools {
  public:
    // Workers with the same filter text share the work. `pattern` is null for "every topic".
    void add(Worker &worker, const std::string &filter, std::shared_ptr<const Pattern> pattern);
    // Does nothing if it was dismissed.
    void remove(Worker &worker);
    // One member of every pool whose filter matches gets the event. The broker's own (`room/:left`)
    // go only to filters that spell the colon: whoever wants everything means what browsers send.
    Dispatch dispatch(std::string_view topic, std::string_view payload);
    bool has_workers() const { return !pools_.empty(); }
    std::size_t worker_count() const;
    std::size_t filter_count() const { return pools_.size(); }
    bool has_filter(std::string_view filter) const;
    // Sorted by id.
    std::vector<WorkerSummary> workers() const;
    void dismiss_all();

  private:
    struct Pool {
        std::string filter;
        std::shared_ptr<const Pattern> pattern;
        bool wants_system_events = false;
        std::vector<Worker *> members;
        std::size_t next = 0;

        bool wants(std::string_view topic) const;
        bool deliver(const WorkerEvent &event);
    };
    std::vector<Pool> pools_;
    std::uint64_t last_event_id_ = 0;
};

} // namespace webrocket
