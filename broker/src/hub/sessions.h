// The browsers that are connected to a vhost, loop by loop.
#pragma once

#include "hub/connection_listing.h"

#include <cstddef>
#include <string>
#include <unordered_set>
#include <vector>

namespace webrocket {

class EventLoop;
class Subscriber;

// Each loop's own part of it is used on that loop alone, without a lock.
class Sessions {
  public:
    explicit Sessions(std::size_t loop_count) : on_loop_(loop_count) {}

    // On the subscriber's loop.
    void add(Subscriber &subscriber);
    void remove(Subscriber &subscriber);
    // Those of one loop, on that loop; `vhost` is the path that the list shows.
    std::vector<ListedConnection> list_on(const EventLoop &loop, const ConnectionQuery &query,
                                          const std::string &vhost) const;
    // Those of one loop, which are let go, on that loop.
    std::vector<Subscriber *> take_all_on(const EventLoop &loop);

  private:
    std::vector<std::unordered_set<Subscriber *>> on_loop_;
};

} // namespace webrocket
