#include "hub/sessions.h"

#include "hub/subscriber.h"
#include "net/event_loop.h"

namespace webrocket {

void Sessions::add(Subscriber &subscriber) {
    on_loop_[subscriber.loop().index()].insert(&subscriber);
}

void Sessions::remove(Subscriber &subscriber) {
    on_loop_[subscriber.loop().index()].erase(&subscriber);
}

std::vector<ListedConnection> Sessions::list_on(const EventLoop &loop, const ConnectionQuery &query,
                                                const std::string &vhost) const {
    const auto &subscribers = on_loop_[loop.index()];
    std::vector<ConnectionView> views;
    views.reserve(subscribers.size());
    for (const Subscriber *subscriber : subscribers)
        views.push_back(subscriber->view());
    return list_connections(views, query, vhost);
}

std::vector<Subscriber *> Sessions::take_all_on(const EventLoop &loop) {
    auto &subscribers = on_loop_[loop.index()];
    const std::vector<Subscriber *> all(subscribers.begin(), subscribers.end());
    subscribers.clear();
    return all;
}

} // namespace webrocket
