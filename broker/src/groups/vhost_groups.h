// The groups of a vhost, and which of them want which events.
#pragma once

#include "base/current.h"
#include "groups/kept_group.h"
#include "hub/event_keeper.h"
#include "hub/topic_memo.h"
#include "net/event_loop.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

class EventIntake;

// As they were when they were looked at.
struct WantingGroups {
    struct Group {
        std::shared_ptr<KeptGroup> group;
        std::vector<TopicFilter> filters; // of which one is enough
    };

    explicit WantingGroups(std::vector<Group> list)
        : number(new_filters_number()), groups(std::move(list)) {}
    void find(std::string_view topic, TopicMemo::Filters &wanting) const;

    std::uint64_t number; // no other list has it
    std::vector<Group> groups;
};

// Any thread. Its lock is held while a list is made; groups are asked with it.
class VhostGroups final : public EventKeeper {
  public:
    VhostGroups(EventIntake &intake, std::size_t loop_count);

    // Groups come and go, and so do their filters.
    void set(std::vector<std::shared_ptr<KeptGroup>> groups);
    void look_at_filters();

    // Which groups want a topic, on a loop, which remembers it. The answer stays until the next
    // question.
    struct Wanted {
        const std::shared_ptr<const WantingGroups> &groups;
        const TopicMemo::Filters &by;
    };
    Wanted wanted_on(EventLoop &loop, std::string_view topic);
    std::shared_ptr<const WantingGroups> wanting() const { return wanting_.get(); }

    bool wants(std::string_view topic) const override;
    void keep(KeptReport report) override;

  private:
    EventIntake &intake_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<KeptGroup>> groups_;
    Current<WantingGroups> wanting_{WantingGroups({})};
    std::vector<Current<WantingGroups>::Reader> on_loop_;
};

} // namespace webrocket
