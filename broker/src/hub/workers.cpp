#include "hub/workers.h"

#include "base/without_exceptions.h"
#include "hub/topic.h"

#include <algorithm>
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
bool Workers::Pool::deliver(std::uint64_t id, const SharedBytes &record) {
    for (std::size_t tries = 0; tries < members.size(); ++tries) {
        if (next >= members.size())
            next = 0;
        if (members[next++]->deliver(id, record))
            return true;
    }
    return false;
}

Workers::Filters::Filters(Pools list) : number(new_filters_number()), pools(std::move(list)) {}

void Workers::Filters::find(std::string_view topic, TopicMemo::Filters &wanting) const {
    for (std::uint32_t i = 0; i < pools.size(); ++i) {
        if (pools[i]->wants(topic))
            wanting.push_back(i);
    }
}

WorkerRoom Workers::room_for(std::string_view filter, const WorkersElsewhere &elsewhere) const {
    const auto limits = limits_.get();
    const auto filters = filters_.get();
    std::size_t workers = elsewhere.workers;
    std::size_t others = elsewhere.filters.size();
    bool is_known = elsewhere.filters.contains(filter);
    const std::lock_guard lock(mutex_);
    for (const auto &pool : filters->pools) {
        workers += pool->members.size();
        is_known = is_known || pool->filter == filter;
        others -= elsewhere.filters.contains(pool->filter) ? 1 : 0;
    }
    if (workers >= limits->workers_max)
        return WorkerRoom::too_many_workers;
    if (filters->pools.size() + others >= limits->filters_max && !is_known)
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
    const auto filters = filters_.get();
    const auto &pools = filters->pools;
    const auto pool = std::find_if(pools.begin(), pools.end(),
                                   [&filter](const auto &p) { return p->filter == filter; });
    if (pool != pools.end()) {
        (*pool)->members.push_back(&worker);
        is_anybody_there_ = true;
        return;
    }
    auto fresh = std::make_shared<Pool>(filter, std::move(pattern));
    fresh->members.push_back(&worker);
    Pools more = pools;
    more.push_back(std::move(fresh));
    filters_.set(Filters(std::move(more)));
    is_anybody_there_ = true;
}

void Workers::remove(Worker &worker) {
    const std::lock_guard lock(mutex_);
    const auto filters = filters_.get();
    for (const auto &pool : filters->pools) {
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
    const auto filters = filters_.get();
    const auto &pools = filters->pools;
    is_anybody_there_ = std::any_of(pools.begin(), pools.end(),
                                    [](const auto &other) { return !other->members.empty(); });
    without_exceptions([&] {
        Pools fewer = pools;
        fewer.erase(std::find(fewer.begin(), fewer.end(), pool));
        filters_.set(Filters(std::move(fewer)));
    });
}

void Workers::set_keeper(std::shared_ptr<EventKeeper> keeper) {
    const std::lock_guard lock(mutex_);
    kept_keeper_ = std::move(keeper);
    keeper_.store(kept_keeper_.get(), std::memory_order_release);
}

void Workers::dismiss_all() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    is_anybody_there_ = false;
    const auto filters = filters_.get();
    for (const auto &pool : filters->pools) {
        for (Worker *worker : std::exchange(pool->members, {}))
            worker->dismiss();
    }
}

std::vector<WorkerSummary> Workers::list() const {
    const auto filters = filters_.get();
    std::vector<WorkerSummary> all;
    {
        const std::lock_guard lock(mutex_);
        for (const auto &pool : filters->pools) {
            for (const Worker *worker : pool->members)
                all.push_back({worker->id(), worker->name(), pool->filter});
        }
    }
    std::sort(all.begin(), all.end(),
              [](const WorkerSummary &a, const WorkerSummary &b) { return a.id < b.id; });
    return all;
}

Workers::Match Workers::match(std::string_view topic) const {
    Match match;
    match.filters_ = filters_.get();
    match.filters_->find(topic, match.wanting_);
    return match;
}

Dispatch Workers::pass_on(const Filters &filters, const TopicMemo::Filters &wanting,
                          const SharedBytes &record) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t id = ++last_event_id_;
    bool taken = false;
    for (const std::uint32_t filter : wanting)
        taken = filters.pools[filter]->deliver(id, record) || taken;
    return taken ? Dispatch::taken : Dispatch::lost;
}

// No filter has to want every broadcast. A trigger that none wants is one too many, or a filter too
// few.
bool Workers::note_fate(PageEvent kind, Dispatch fate) {
    if (fate == Dispatch::lost || (fate == Dispatch::not_wanted && kind == PageEvent::trigger))
        return note_unheard(kind);
    return true;
}

bool Workers::note_unheard(PageEvent kind) {
    constexpr auto memory = std::chrono::hours(24);
    if (kind == PageEvent::broadcast) {
        const auto left = last_left_.load(std::memory_order_relaxed);
        const bool had_one = left.time_since_epoch().count() != 0 &&
                             std::chrono::steady_clock::now() - left < memory;
        if (!is_anybody_there() && !had_one)
            return true;
    }
    unheard_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

} // namespace webrocket
