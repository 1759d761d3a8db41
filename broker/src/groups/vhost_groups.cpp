#include "groups/vhost_groups.h"

#include "groups/event_intake.h"

#include <algorithm>
#include <utility>

namespace webrocket {

void WantingGroups::find(std::string_view topic, TopicMemo::Filters &wanting) const {
    for (std::uint32_t i = 0; i < groups.size(); ++i) {
        const auto &filters = groups[i].filters;
        if (std::any_of(filters.begin(), filters.end(),
                        [topic](const TopicFilter &filter) { return filter.wants(topic); }))
            wanting.push_back(i);
    }
}

VhostGroups::VhostGroups(EventIntake &intake, std::size_t loop_count)
    : intake_(intake), on_loop_(loop_count, Current<WantingGroups>::Reader(wanting_)) {}

void VhostGroups::set(std::vector<std::shared_ptr<KeptGroup>> groups) {
    {
        const std::lock_guard lock(mutex_);
        groups_ = std::move(groups);
    }
    look_at_filters();
}

// One after the other: the last one to look has seen all that changed before.
void VhostGroups::look_at_filters() {
    const std::lock_guard lock(mutex_);
    std::vector<WantingGroups::Group> list;
    list.reserve(groups_.size());
    for (const auto &group : groups_)
        list.push_back({group, group->wanted()});
    wanting_.set(WantingGroups(std::move(list)));
}

VhostGroups::Wanted VhostGroups::wanted_on(EventLoop &loop, std::string_view topic) {
    const auto &groups = on_loop_[loop.index()].shared();
    return {groups,
            loop.local<TopicMemo>().wanting(groups->number, topic, [&](TopicMemo::Filters &found) {
                groups->find(topic, found);
            })};
}

bool VhostGroups::wants(std::string_view topic) const {
    TopicMemo::Filters found;
    wanting_.get()->find(topic, found);
    return !found.empty();
}

void VhostGroups::keep(KeptReport report) {
    const auto groups = wanting_.get();
    TopicMemo::Filters by;
    groups->find(report.topic, by);
    if (!by.empty())
        intake_.put_report(make_kept(report, wall_clock_ms()), groups, by);
}

} // namespace webrocket
