// Wakes groups when something in them is due, on the first loop.
#pragma once

#include "net/event_loops.h"

#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace webrocket {

class KeptGroup;

class GroupTimer {
  public:
    explicit GroupTimer(EventLoops &loops);
    GroupTimer(const GroupTimer &) = delete;
    GroupTimer &operator=(const GroupTimer &) = delete;

    // Any thread. Of two times for one group the earlier one counts.
    void wake_at(const std::shared_ptr<KeptGroup> &group, std::int64_t time_ms);
    void forget(const std::shared_ptr<KeptGroup> &group);

  private:
    using Entry = std::pair<std::int64_t, std::shared_ptr<KeptGroup>>;

    void wait();
    void on_time();
    std::vector<std::shared_ptr<KeptGroup>> take_due(std::int64_t now);

    EventLoops &loops_;
    boost::asio::steady_timer timer_; // the first loop's
    std::mutex mutex_;
    std::set<Entry> entries_;
    std::map<std::shared_ptr<KeptGroup>, std::int64_t> times_;
};

} // namespace webrocket
