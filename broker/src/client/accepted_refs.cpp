#include "client/accepted_refs.h"

#include "client/session.h"

#include <chrono>
#include <utility>

namespace webrocket {

void AcceptedRefs::add(EventLoop &loop, Session &session, const std::string &ref, bool is_unkept) {
    if (taken_.empty())
        loop.arm(*this, std::chrono::milliseconds(0));
    TakenEvents &taken = taken_[&session];
    taken.refs.push_back(ref);
    if (is_unkept)
        taken.unkept.push_back(ref);
}

TakenEvents AcceptedRefs::take(Session &session) {
    if (taken_.empty())
        return {};
    const auto found = taken_.find(&session);
    if (found == taken_.end())
        return {};
    TakenEvents taken = std::move(found->second);
    taken_.erase(found);
    return taken;
}

// What one of them does may end others.
void AcceptedRefs::on_timer() {
    while (!taken_.empty())
        taken_.begin()->first->on_turn_end();
}

} // namespace webrocket
