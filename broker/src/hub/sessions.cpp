#include "hub/sessions.h"

#include "hub/subscriber.h"
#include "net/event_loop.h"

namespace webrocket {

void Sessions::add(Subscriber &subscriber) {
    on_loop_[subscriber.loop().index()].push_back(subscriber);
}

void Sessions::remove(Subscriber &subscriber) { subscriber.unlink(); }

std::vector<ListedConnection> Sessions::list_on(const EventLoop &loop, const ConnectionQuery &query,
                                                const std::string &vhost) const {
    const auto &subscribers = on_loop_[loop.index()];
    std::vector<ConnectionView> views;
    views.reserve(subscribers.size());
    for (const Subscriber &subscriber : subscribers)
        views.push_back(subscriber.view());
    return list_connections(views, query, vhost);
}

std::vector<Subscriber *> Sessions::take_all_on(const EventLoop &loop) {
    auto &subscribers = on_loop_[loop.index()];
    std::vector<Subscriber *> all;
    all.reserve(subscribers.size());
    for (Subscriber &subscriber : subscribers)
        all.push_back(&subscriber);
    subscribers.clear();
    return all;
}

} // namespace webrocket
