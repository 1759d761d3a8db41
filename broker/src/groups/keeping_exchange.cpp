#include "groups/keeping_exchange.h"

#include <utility>

namespace webrocket {

// Every keeper of a vhost is one of these.
Eventual<Keeping> KeepingExchange::keep(Vhost &vhost, EventLoop &loop, const OutgoingEvent &event) {
    auto *const groups = static_cast<VhostGroups *>(vhost.workers().keeper());
    if (groups == nullptr || !event.is_for_workers)
        return Eventual(Keeping::not_wanted);
    const auto wanted = groups->wanted_on(loop, event.topic);
    if (wanted.by.empty())
        return Eventual(Keeping::not_wanted);
    return Eventual<Keeping>([this, &loop, kept = make_kept(event, wall_clock_ms()),
                              list = wanted.groups,
                              by = wanted.by](const Eventual<Keeping>::Done &done) {
        intake_.put(loop, kept, list, by, done);
    });
}

} // namespace webrocket
