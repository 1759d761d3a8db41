// Where events of all loops come together that groups want. What came in one turn is judged,
// written to the log in one piece, and then the groups' own.
#pragma once

#include "event_log/event_log.h"
#include "groups/kept_event.h"
#include "groups/vhost_groups.h"
#include "hub/exchange.h"
#include "net/event_loops.h"

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace webrocket {

class EventIntake {
  public:
    EventIntake(EventLoops &loops, Durability durability)
        : loops_(loops), durability_(durability) {}
    EventIntake(const EventIntake &) = delete;
    EventIntake &operator=(const EventIntake &) = delete;

    // Before anything is put.
    void set_log(EventLog &log) { log_ = &log; }

    // Of a page, on its loop; `done` is called there.
    void put(EventLoop &loop, KeptEventPtr event,
             const std::shared_ptr<const WantingGroups> &groups, const TopicMemo::Filters &by,
             Eventual<Keeping>::Done done);
    // Any thread. What is put first is kept first.
    void put_report(KeptEventPtr event, const std::shared_ptr<const WantingGroups> &groups,
                    const TopicMemo::Filters &by);

  private:
    struct Item {
        KeptEventPtr event;
        std::shared_ptr<const WantingGroups> groups;
        boost::container::small_vector<KeptGroup *, 4> taken; // those that want it, as it comes
        boost::container::small_vector<KeptGroup *, 2> lost;  // and have no room for it
        boost::container::small_vector<std::uint32_t, 4> numbers;
        EventLoop *loop = nullptr;
        Eventual<Keeping>::Done done;
        Keeping answer = Keeping::done;
        std::uint64_t sequence = 0;
    };
    using Batch = std::vector<Item>;

    static Item item_of(KeptEventPtr event, const std::shared_ptr<const WantingGroups> &groups,
                        const TopicMemo::Filters &by);
    void put(Item item, EventLoop &loop);
    void ask_for_flush(EventLoop &loop);
    void flush(EventLoop &here);
    void commit(const std::shared_ptr<Batch> &batch, EventLoop &here);
    static void judge(Item &item);
    LogAppended append(Batch &batch);
    static void add(Batch &batch);
    void keep_without_log(Batch &batch);
    void keep_in_memory(Item &item);
    void settle_unsynced(const Batch &batch);
    static void answer(const std::shared_ptr<Batch> &batch, const EventLoop *here);
    static void answer_on(const Batch &batch, const EventLoop &loop);

    EventLoops &loops_;
    const Durability durability_;
    EventLog *log_ = nullptr;
    std::mutex mutex_;
    Batch waiting_;
    bool is_flush_asked_ = false;
};

} // namespace webrocket
