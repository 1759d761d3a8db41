#include "groups/event_intake.h"

#include "base/without_exceptions.h"

#include <algorithm>
#include <array>
#include <utility>

namespace webrocket {

EventIntake::Item EventIntake::item_of(KeptEventPtr event,
                                       const std::shared_ptr<const WantingGroups> &groups,
                                       const TopicMemo::Filters &by) {
    Item item;
    item.event = std::move(event);
    item.groups = groups;
    for (const std::uint32_t index : by)
        item.taken.push_back(groups->groups[index].group.get());
    return item;
}

void EventIntake::put(EventLoop &loop, KeptEventPtr event,
                      const std::shared_ptr<const WantingGroups> &groups,
                      const TopicMemo::Filters &by, Eventual<Keeping>::Done done) {
    Item item = item_of(std::move(event), groups, by);
    item.loop = &loop;
    item.done = std::move(done);
    put(std::move(item), loop);
}

void EventIntake::put_report(KeptEventPtr event, const std::shared_ptr<const WantingGroups> &groups,
                             const TopicMemo::Filters &by) {
    put(item_of(std::move(event), groups, by), loops_.first());
}

// The loop flushes when it is done with what is ready now. One that is asked already has this too.
void EventIntake::put(Item item, EventLoop &loop) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(item));
        if (std::exchange(is_flush_asked_, true))
            return;
    }
    ask_for_flush(loop);
}

void EventIntake::ask_for_flush(EventLoop &loop) {
    loop.post([this, &loop] { without_exceptions([&] { flush(loop); }); });
}

// One at a time: what comes meanwhile waits for the next.
void EventIntake::flush(EventLoop &here) {
    auto batch = std::make_shared<Batch>();
    {
        const std::lock_guard lock(mutex_);
        batch->swap(waiting_);
    }
    try {
        commit(batch, here);
    } catch (const std::exception &error) {
        tell_of_exception(error);
        for (Item &item : *batch)
            item.answer = Keeping::unavailable;
        answer(batch, &here);
    }
    const std::lock_guard lock(mutex_);
    is_flush_asked_ = !waiting_.empty();
    if (is_flush_asked_)
        ask_for_flush(waiting_.front().loop != nullptr ? *waiting_.front().loop : here);
}

void EventIntake::commit(const std::shared_ptr<Batch> &batch, EventLoop &here) {
    for (Item &item : *batch)
        judge(item);
    const LogAppended appended = append(*batch);
    if (!appended.is_done) {
        keep_without_log(*batch);
        return answer(batch, &here);
    }
    if (durability_ == Durability::batch) {
        add(*batch);
        return answer(batch, &here);
    }
    log_->when_synced(appended.end, [this, batch](bool is_on_disk) {
        without_exceptions([&] {
            if (is_on_disk) {
                add(*batch);
            } else {
                settle_unsynced(*batch);
                keep_without_log(*batch);
            }
            answer(batch, nullptr);
        });
    });
}

// What one of them refuses is taken by none, if its sender can be told and tries again.
void EventIntake::judge(Item &item) {
    decltype(item.taken) wanting;
    wanting.swap(item.taken);
    for (KeptGroup *const group : wanting) {
        if (group->is_ended())
            continue;
        const DeliveryVerdict verdict = group->reserve(*item.event);
        if (verdict == DeliveryVerdict::taken) {
            item.taken.push_back(group);
            continue;
        }
        if (verdict != DeliveryVerdict::dropped)
            group->note_refused();
        if (verdict == DeliveryVerdict::dropped || item.event->ref().empty()) {
            item.lost.push_back(group);
            continue;
        }
        item.answer = verdict == DeliveryVerdict::full ? Keeping::unavailable : Keeping::too_much;
        for (KeptGroup *const other : item.taken)
            other->give_place_back(*item.event);
        item.taken.clear();
        item.lost.clear();
        return;
    }
    if (item.taken.empty() && item.lost.empty())
        item.answer = Keeping::not_wanted;
}

// SEQs follow one another as events do.
LogAppended EventIntake::append(Batch &batch) {
    std::vector<LogEntry> entries;
    entries.reserve(batch.size());
    for (Item &item : batch) {
        if (item.taken.empty())
            continue;
        item.numbers.clear();
        for (const KeptGroup *group : item.taken)
            item.numbers.push_back(group->number());
        entries.emplace_back(log_event(*item.event, {item.numbers.data(), item.numbers.size()}));
    }
    if (entries.empty())
        return {true, 0, 0};
    const LogAppended appended = log_->append(entries);
    std::uint64_t next = appended.first;
    for (Item &item : batch) {
        if (appended.is_done && !item.taken.empty())
            item.sequence = next++;
    }
    return appended;
}

void EventIntake::add(Batch &batch) {
    for (Item &item : batch) {
        for (KeptGroup *const group : item.taken)
            group->add(item.event, item.sequence, KeptGroup::Copy::in_log);
        for (KeptGroup *const group : item.lost)
            group->lose(item.sequence);
    }
}

// The disk fails. Whoever can be told tries again; the others' events go to members from memory, as
// far as there is room.
void EventIntake::keep_without_log(Batch &batch) {
    for (Item &item : batch) {
        if (item.taken.empty() || item.event->ref().empty()) {
            keep_in_memory(item);
            continue;
        }
        for (KeptGroup *const group : item.taken)
            group->give_place_back(*item.event);
        item.answer = Keeping::unavailable;
    }
}

void EventIntake::keep_in_memory(Item &item) {
    item.sequence = item.taken.empty() ? 0 : log_->take_sequences(1);
    for (KeptGroup *const group : item.taken) {
        if (item.sequence != 0 && group->has_room_for_only_copy()) {
            group->add(item.event, item.sequence, KeptGroup::Copy::only_here);
        } else {
            group->give_place_back(*item.event);
            group->lose(item.sequence);
        }
    }
    for (KeptGroup *const group : item.lost)
        group->lose(item.sequence);
}

// They are in the log, perhaps, and nobody was told so.
void EventIntake::settle_unsynced(const Batch &batch) {
    for (const Item &item : batch) {
        const LogRun run{item.sequence, item.sequence};
        for (const std::uint32_t group : item.numbers)
            log_->append(std::array<LogEntry, 1>{LogSettled{group, {&run, 1}}});
    }
}

// Each on its own loop, in the order in which they were put. `here` is the loop that this is, if
// any.
void EventIntake::answer(const std::shared_ptr<Batch> &batch, const EventLoop *here) {
    std::vector<EventLoop *> loops;
    for (const Item &item : *batch) {
        if (item.loop != nullptr && std::find(loops.begin(), loops.end(), item.loop) == loops.end())
            loops.push_back(item.loop);
    }
    for (EventLoop *const loop : loops) {
        if (loop == here)
            answer_on(*batch, *loop);
        else
            loop->post([batch, loop] { answer_on(*batch, *loop); });
    }
}

void EventIntake::answer_on(const Batch &batch, const EventLoop &loop) {
    for (const Item &item : batch) {
        if (item.loop == &loop)
            without_exceptions([&item] { item.done(item.answer); });
    }
}

} // namespace webrocket
