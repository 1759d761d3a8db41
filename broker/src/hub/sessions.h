// The browsers that are connected to a vhost, loop by loop.
#pragma once

#include "hub/channel.h"
#include "hub/session_listing.h"

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <string>
#include <vector>

namespace webrocket {

class EventLoop;

// Each loop's own part of it is used on that loop alone, without a lock.
class Sessions {
  public:
    explicit Sessions(std::size_t loop_count) : on_loop_(loop_count) {}

    // On the subscriber's loop.
    void add(Subscriber &subscriber);
    static void remove(Subscriber &subscriber);
    // Those of one loop, on that loop; `vhost` is the path that the list shows.
    std::vector<ListedConnection> list_on(const EventLoop &loop, const ConnectionQuery &query,
                                          const std::string &vhost) const;
    // Those of one loop, which are let go, on that loop.
    std::vector<Subscriber *> take_all_on(const EventLoop &loop);

  private:
    using Subscribers =
        boost::intrusive::list<Subscriber, boost::intrusive::base_hook<SubscriberHook>,
                               boost::intrusive::constant_time_size<false>>;

    std::vector<Subscribers> on_loop_;
};

} // namespace webrocket
