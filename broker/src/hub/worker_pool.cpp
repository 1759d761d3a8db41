#include "hub/worker_pool.h"

#include "hub/topic.h"

#include <algorithm>

namespace webrocket {

void WorkerPools::add(Worker &worker, const std::string &filter,
                      std::shared_ptr<const Pattern> pattern) {
    auto pool = std::find_if(pools_.begin(), pools_.end(),
                             [&filter](const Pool &p) { return p.filter == filter; });
    if (pool == pools_.end())
        pool = pools_.insert(pools_.end(),
                             Pool{filter, std::move(pattern), spells_colon(filter), {}, 0});
    pool->members.push_back(&worker);
}

void WorkerPools::remove(Worker &worker) {
    for (auto pool = pools_.begin(); pool != pools_.end(); ++pool) {
        auto &members = pool->members;
        const auto member = std::find(members.begin(), members.end(), &worker);
        if (member == members.end())
            continue;
        // Those behind it move up; the one whose turn it is keeps it.
        if (static_cast<std::size_t>(member - members.begin()) < pool->next)
            --pool->next;
        members.erase(member);
        if (members.empty())
            pools_.erase(pool);
        return;
    }
}

Dispatch WorkerPools::dispatch(std::string_view topic, std::string_view payload) {
    const WorkerEvent event(last_event_id_ + 1, topic, payload);
    bool wanted = false;
    bool taken = false;
    for (auto &pool : pools_) {
        if (!pool.wants(topic))
            continue;
        wanted = true;
        taken = pool.deliver(event) || taken;
    }
    if (!wanted)
        return Dispatch::not_wanted;
    ++last_event_id_;
    return taken ? Dispatch::taken : Dispatch::lost;
}

bool WorkerPools::Pool::wants(std::string_view topic) const {
    if (is_system_topic(topic) && !wants_system_events)
        return false;
    return !pattern || pattern->matches(topic);
}

// To whoever's turn it is, or the next one that can take it.
bool WorkerPools::Pool::deliver(const WorkerEvent &event) {
    for (std::size_t tries = 0; tries < members.size(); ++tries) {
        if (next >= members.size())
            next = 0;
        if (members[next++]->deliver(event))
            return true;
    }
    return false;
}

std::size_t WorkerPools::worker_count() const {
    std::size_t count = 0;
    for (const auto &pool : pools_)
        count += pool.members.size();
    return count;
}

bool WorkerPools::has_filter(std::string_view filter) const {
    return std::any_of(pools_.begin(), pools_.end(),
                       [filter](const Pool &pool) { return pool.filter == filter; });
}

std::vector<WorkerSummary> WorkerPools::workers() const {
    std::vector<WorkerSummary> all;
    for (const auto &pool : pools_) {
        for (const Worker *worker : pool.members)
            all.push_back({worker->id(), worker->name(), pool.filter});
    }
    std::sort(all.begin(), all.end(),
              [](const WorkerSummary &a, const WorkerSummary &b) { return a.id < b.id; });
    return all;
}

void WorkerPools::dismiss_all() {
    const auto pools = std::move(pools_);
    pools_.clear();
    for (const auto &pool : pools) {
        for (Worker *worker : pool.members)
            worker->dismiss();
    }
}

} // namespace webrocket
