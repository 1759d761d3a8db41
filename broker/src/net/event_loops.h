// The loops of the server, each on a thread of its own.
#pragma once

#include "net/connection_times.h"
#include "net/event_loop.h"
#include "net/memory_budget.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace webrocket {

class EventLoops {
  public:
    explicit EventLoops(std::size_t count, const ConnectionTimes &times = {});
    ~EventLoops();
    EventLoops(const EventLoops &) = delete;
    EventLoops &operator=(const EventLoops &) = delete;

    std::size_t size() const { return loops_.size(); }
    EventLoop &operator[](std::size_t index) { return *loops_[index]; }
    const EventLoop &operator[](std::size_t index) const { return *loops_[index]; }
    EventLoop &first() { return *loops_.front(); }
    const ConnectionTimes &times() const { return times_; }

    // Whose turn it is to get a connection. For the thread of the first loop.
    EventLoop &next();

    // Whether some loop does not keep up with what the others have for it.
    bool are_crowded() const;

    Refusals &refusals() { return refusals_; }
    const Refusals &refusals() const { return refusals_; }

    MemoryBudget &memory() { return memory_; }
    const MemoryBudget &memory() const { return memory_; }

    // Of one port, on all loops.
    std::uint64_t connections_accepted(Port port) const;
    std::uint64_t open_connections(Port port) const;

    // Runs the first loop on the calling thread and the others on threads of their own, until
    // stop().
    void run();
    // Any thread.
    void stop();

    // Has `action` run on every loop's own thread.
    void on_each(const std::function<void(EventLoop &)> &action);

  private:
    void run_loop(EventLoop &loop);

    const ConnectionTimes times_;
    Refusals refusals_;
    MemoryBudget memory_{*this};
    std::vector<std::unique_ptr<EventLoop>> loops_;
    std::vector<std::thread> threads_;
    std::size_t next_ = 0;
};

} // namespace webrocket
