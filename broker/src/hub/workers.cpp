#include "hub/workers.h"

#include "base/without_exceptions.h"
#include "hub/topic.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

namespace webrocket {

Workers::Pool::Pool(std::string filter_text, std::shared_ptr<const Pattern> compiled)
    : filter(std::move(filter_text)), pattern(std::move(compiled)),
      wants_system_events(spells_colon(filter)) {}

bool Workers::Pool::wants(std::string_view topic) const {
    if (is_system_topic(topic) && !wants_system_events)
        return false;
    return !pattern || pattern->matches(topic);
}

// To whoever's turn it is, or the next one that can take it.
bool Workers::Pool::deliver(const WorkerEvent &event) {
    for (std::size_t tries = 0; tries < members.size(); ++tries) {
        if (next >= members.size())
            next = 0;
        if (members[next++]->deliver(event))
            return true;
    }
    return false;
}

WorkerRoom Workers::room_for(std::string_view filter) const {
    const auto limits = limits_.get();
    const auto pools = pools_.get();
    std::size_t workers = 0;
    bool is_known = false;
    const std::lock_guard lock(mutex_);
    for (const auto &pool : *pools) {
        workers += pool->members.size();
        is_known = is_known || pool->filter == filter;
    }
    if (workers >= limits->workers_max)
        return WorkerRoom::too_many_workers;
    if (pools->size() >= limits->filters_max && !is_known)
        return WorkerRoom::too_many_filters;
    return WorkerRoom::enough;
}

void Workers::add(Worker &worker, const std::string &filter,
                  std::shared_ptr<const Pattern> pattern) {
    const std::lock_guard lock(mutex_);
    if (closed_) {
        worker.dismiss();
        return;
    }
    const auto pools = pools_.get();
    const auto pool = std::find_if(pools->begin(), pools->end(),
                                   [&filter](const auto &p) { return p->filter == filter; });
    if (pool != pools->end()) {
        (*pool)->members.push_back(&worker);
        is_anybody_there_ = true;
        return;
    }
    auto fresh = std::make_shared<Pool>(filter, std::move(pattern));
    fresh->members.push_back(&worker);
    Pools more = *pools;
    more.push_back(std::move(fresh));
    pools_.set(std::move(more));
    is_anybody_there_ = true;
}

void Workers::remove(Worker &worker) {
    const std::lock_guard lock(mutex_);
    const auto pools = pools_.get();
    for (const auto &pool : *pools) {
        auto &members = pool->members;
        const auto member = std::find(members.begin(), members.end(), &worker);
        if (member == members.end())
            continue;
        // Those behind it move up; the one whose turn it is keeps it.
        if (static_cast<std::size_t>(member - members.begin()) < pool->next)
            --pool->next;
        members.erase(member);
        last_left_ = std::chrono::steady_clock::now();
        if (members.empty())
            forget(pool);
        return;
    }
}

// Where there is no memory for a shorter list, one without members stays in it: it takes nothing.
void Workers::forget(const std::shared_ptr<Pool> &pool) {
    const auto pools = pools_.get();
    is_anybody_there_ = std::any_of(pools->begin(), pools->end(),
                                    [](const auto &other) { return !other->members.empty(); });
    without_exceptions([&] {
        Pools fewer = *pools;
        fewer.erase(std::find(fewer.begin(), fewer.end(), pool));
        pools_.set(std::move(fewer));
    });
}

void Workers::dismiss_all() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    is_anybody_there_ = false;
    for (const auto &pool : *pools_.get()) {
        for (Worker *worker : std::exchange(pool->members, {}))
            worker->dismiss();
    }
}

std::vector<WorkerSummary> Workers::list() const {
    const auto pools = pools_.get();
    std::vector<WorkerSummary> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto &pool : *pools) {
            for (const Worker *worker : pool->members)
                all.push_back({worker->id(), worker->name(), pool->filter});
        }
    }
    std::sort(all.begin(), all.end(),
              [](const WorkerSummary &a, const WorkerSummary &b) { return a.id < b.id; });
    return all;
}

Dispatch Workers::dispatch(std::string_view topic, std::string_view payload) {
    const auto pools = pools_.get();
    boost::container::small_vector<Pool *, 16> wanting;
    for (const auto &pool : *pools) {
        if (pool->wants(topic))
            wanting.push_back(pool.get());
    }
    if (wanting.empty())
        return Dispatch::not_wanted;
    const std::lock_guard lock(mutex_);
    const WorkerEvent event(last_event_id_ + 1, topic, payload);
    bool taken = false;
    for (Pool *pool : wanting)
        taken = pool->deliver(event) || taken;
    ++last_event_id_;
    return taken ? Dispatch::taken : Dispatch::lost;
}

// No filter has to want every broadcast. A trigger that none wants is one too many, or a filter too
// few.
void Workers::dispatch_of_page(PageEvent kind, std::string_view topic, std::string_view payload) {
    const Dispatch fate = dispatch(topic, payload);
    if (fate == Dispatch::lost || (fate == Dispatch::not_wanted && kind == PageEvent::trigger))
        note_unheard(kind);
}

void Workers::note_unheard(PageEvent kind) {
    constexpr auto memory = std::chrono::hours(24);
    if (kind == PageEvent::broadcast) {
        const auto left = last_left_.load(std::memory_order_relaxed);
        const bool had_one = left.time_since_epoch().count() != 0 &&
                             std::chrono::steady_clock::now() - left < memory;
        if (!is_anybody_there() && !had_one)
            return;
    }
    unheard_.fetch_add(1, std::memory_order_relaxed);
}

} // namespace webrocket
