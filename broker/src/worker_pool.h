// The backend's workers of a vhost, and who of them gets an event.
#pragma once

#include "pattern.h"
#include "worker_event.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// The receiving end of a worker's stream.
class Worker {
  public:
    virtual const std::string &id() const = 0;
    // False when it cannot take events any more.
    virtual bool deliver(const WorkerEvent &event) = 0;
    // The vhost is gone.
    virtual void dismiss() = 0;

  protected:
    ~Worker() = default;
};

class WorkerRegistry {
  public:
    virtual ~WorkerRegistry() = default;
    // Workers with the same filter text share the work. `pattern` is null for "every topic".
    virtual void add(Worker &worker, const std::string &filter,
                     std::shared_ptr<const Pattern> pattern) = 0;
    virtual void remove(Worker &worker) = 0;
    // One member of every pool whose filter matches gets the event.
    virtual void dispatch(std::string_view topic, std::string_view payload) = 0;
    virtual bool has_workers() const = 0;
    virtual std::vector<std::string> worker_ids() const = 0;
    virtual void dismiss_all() = 0;
};

class WorkerPools final : public WorkerRegistry {
  public:
    void add(Worker &worker, const std::string &filter,
             std::shared_ptr<const Pattern> pattern) override;
    void remove(Worker &worker) override;
    void dispatch(std::string_view topic, std::string_view payload) override;
    bool has_workers() const override { return !pools_.empty(); }
    std::vector<std::string> worker_ids() const override;
    void dismiss_all() override;

  private:
    struct Pool {
        std::string filter;
        std::shared_ptr<const Pattern> pattern;
        std::vector<Worker *> members;
        std::size_t next = 0;

        void deliver(const WorkerEvent &event);
    };
    std::vector<Pool> pools_;
    std::uint64_t last_event_id_ = 0;
};

} // namespace webrocket
