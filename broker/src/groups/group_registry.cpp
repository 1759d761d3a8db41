#include "groups/group_registry.h"

#include "base/json_text.h"
#include "base/log.h"
#include "groups/group_recovery.h"
#include "groups/group_store_work.h"
#include "store/group_store.h"

#include <algorithm>
#include <future>
#include <mutex>
#include <spdlog/spdlog.h>
#include <utility>

namespace webrocket {

GroupRegistry::GroupRegistry(VhostRegistry &vhosts, Store &store, EventLoops &loops,
                             const std::filesystem::path &log_directory, const GroupLimits &limits,
                             Durability durability)
    : vhosts_(vhosts), loops_(loops), log_directory_(log_directory), limits_(limits),
      intake_(loops, durability), timer_(loops), look_timer_(loops.first().io()) {
    recover(store, log_directory, durability);
    vhosts_.set_groups(this);
    vhosts_.set_exchange(exchange_);
    for (const auto &[path, of_vhost] : vhost_groups_)
        show_to_vhost(path);
    tell_of_start();
    look_every_second();
}

// What is still on its way finds groups that have ended.
GroupRegistry::~GroupRegistry() {
    vhosts_.set_groups(nullptr);
    for (const auto &group : all())
        group->write_effects();
    wait_for_storage();
    for (const auto &group : all())
        group->end();
    wait_for_storage(); // for who was about to requeue
}

// What was handed in before has been told.
void GroupRegistry::wait_for_storage() {
    std::promise<void> done;
    vhosts_.store({[](Store &) {}, [&done](bool) { done.set_value(); }});
    done.get_future().wait();
}

void GroupRegistry::recover(Store &store, const std::filesystem::path &log_directory,
                            Durability durability) {
    std::map<std::uint32_t, std::shared_ptr<KeptGroup>> by_number;
    for (const StoredGroup &stored : store.groups().load_groups()) {
        if (!is_valid_group_name(stored.name)) { // somebody wrote it there by hand
            spdlog::error("the stored group {} of {} is left out: its name is none",
                          json_string(stored.name), json_string(stored.vhost));
            continue;
        }
        const auto letters = store.groups().dead_letter_totals(stored.number).count;
        auto group = std::make_shared<KeptGroup>(stored, letters, static_cast<GroupOwner &>(*this));
        by_number.emplace(stored.number, group);
        memberless_since_[stored.number] = stored.without_member_since_ms;
        vhost_groups_[stored.vhost].groups.emplace(stored.name, std::move(group));
    }
    GroupRecovery recovery(by_number);
    LogOptions options;
    options.durability = durability;
    log_ = std::make_unique<EventLog>(log_directory, options, recovery);
    intake_.set_log(*log_);
    for (const std::uint32_t number : recovery.unknown())
        log_->remove_group(number);
    if (!recovery.unknown().empty())
        vhosts_.store(skip_numbers(*recovery.unknown().rbegin()));
}

void GroupRegistry::tell_of_start() const {
    for (const LogDamage &damage : log_->start().damage)
        spdlog::error("the log of events is damaged in {}: those with the numbers {} to {} may be "
                      "lost; their groups are told",
                      damage.file, damage.lost.first, damage.lost.last);
    for (const auto &group : all()) {
        group->tell_of_start(log_->start());
        group->advance();
    }
}

std::shared_ptr<KeptGroup> GroupRegistry::find_kept(std::string_view vhost,
                                                    std::string_view group) const {
    const std::shared_lock lock(mutex_);
    const auto of_vhost = vhost_groups_.find(vhost);
    if (of_vhost == vhost_groups_.end())
        return nullptr;
    const auto found = of_vhost->second.groups.find(group);
    return found == of_vhost->second.groups.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<KeptGroup>> GroupRegistry::all() const {
    std::vector<std::shared_ptr<KeptGroup>> groups;
    const std::shared_lock lock(mutex_);
    for (const auto &[path, of_vhost] : vhost_groups_) {
        for (const auto &[name, group] : of_vhost.groups)
            groups.push_back(group);
    }
    return groups;
}

std::shared_ptr<Group> GroupRegistry::find(std::string_view vhost, std::string_view group) const {
    return find_kept(vhost, group);
}

std::vector<std::shared_ptr<Group>> GroupRegistry::list(std::string_view vhost) const {
    std::vector<std::shared_ptr<Group>> groups;
    const std::shared_lock lock(mutex_);
    const auto of_vhost = vhost_groups_.find(vhost);
    if (of_vhost == vhost_groups_.end())
        return groups;
    for (const auto &[name, group] : of_vhost->second.groups)
        groups.push_back(group);
    return groups;
}

GroupLimits GroupRegistry::limits() const { return *limits_.get(); }

void GroupRegistry::set_limits(const GroupLimits &limits) { limits_.set(limits); }

bool GroupRegistry::has_group(std::string_view vhost, std::string_view group) const {
    return find_kept(vhost, group) != nullptr;
}

bool GroupRegistry::has_room(std::string_view vhost) const {
    const std::size_t most = limits().groups_max;
    const std::shared_lock lock(mutex_);
    const auto of_vhost = vhost_groups_.find(vhost);
    return of_vhost == vhost_groups_.end() || of_vhost->second.groups.size() < most;
}

bool GroupRegistry::may_order(std::string_view vhost, std::string_view group,
                              GroupOrder order) const {
    const auto found = find_kept(vhost, group);
    return !found || found->settings().order == order || found->members().empty();
}

void GroupRegistry::add(const StoredGroup &group) {
    auto added = std::make_shared<KeptGroup>(group, 0, static_cast<GroupOwner &>(*this));
    {
        const std::unique_lock lock(mutex_);
        vhost_groups_[group.vhost].groups.emplace(group.name, std::move(added));
    }
    show_to_vhost(group.vhost);
}

void GroupRegistry::set(const StoredGroup &group) {
    const auto found = find_kept(group.vhost, group.name);
    if (!found)
        return;
    found->set(group.settings);
    if (group.last_filters.empty())
        write_filters(*found);
}

void GroupRegistry::remove(std::string_view vhost, std::string_view group) {
    std::shared_ptr<KeptGroup> removed;
    {
        const std::unique_lock lock(mutex_);
        const auto of_vhost = vhost_groups_.find(vhost);
        if (of_vhost == vhost_groups_.end())
            return;
        auto &groups = of_vhost->second.groups;
        const auto found = groups.find(group);
        if (found == groups.end())
            return;
        removed = std::move(found->second);
        groups.erase(found);
    }
    show_to_vhost(std::string(vhost));
    end(removed);
}

void GroupRegistry::remove_all(std::string_view vhost) {
    Groups removed;
    {
        const std::unique_lock lock(mutex_);
        const auto of_vhost = vhost_groups_.find(vhost);
        if (of_vhost == vhost_groups_.end())
            return;
        removed.swap(of_vhost->second.groups);
        vhost_groups_.erase(of_vhost);
    }
    for (const auto &[name, group] : removed)
        end(group);
}

void GroupRegistry::end(const std::shared_ptr<KeptGroup> &group) {
    group->end();
    timer_.forget(group);
    log_->remove_group(group->number());
}

// The vhost asks whoever keeps its events from the first group on. On the thread `storage`, or at
// the start.
void GroupRegistry::show_to_vhost(const std::string &vhost) {
    const auto shown_to = vhosts_.find_vhost(vhost);
    std::shared_ptr<VhostGroups> keeper;
    std::vector<std::shared_ptr<KeptGroup>> groups;
    {
        const std::unique_lock lock(mutex_);
        OfVhost &of_vhost = vhost_groups_[vhost];
        if (!of_vhost.keeper)
            of_vhost.keeper = std::make_shared<VhostGroups>(intake_, loops_.size());
        keeper = of_vhost.keeper;
        for (const auto &[name, group] : of_vhost.groups)
            groups.push_back(group);
    }
    keeper->set(std::move(groups));
    if (shown_to && shown_to->workers().keeper() == nullptr)
        shown_to->workers().set_keeper(keeper);
}

Admitted GroupRegistry::join(std::string_view vhost, std::string_view group,
                             const MemberRequest &request) const {
    const auto found = find_kept(vhost, group);
    return found ? found->join(request) : Admitted{Admittance::no_group, nullptr};
}

void GroupRegistry::write_soon(std::shared_ptr<KeptGroup> group) {
    EventLoop &loop = loops_[group->number() % loops_.size()];
    loop.post([group = std::move(group)] { without_exceptions([&] { group->write_effects(); }); });
}

void GroupRegistry::wake_at(const std::shared_ptr<KeptGroup> &group, std::int64_t time_ms) {
    timer_.wake_at(group, time_ms);
}

void GroupRegistry::filters_changed(const std::shared_ptr<KeptGroup> &group) {
    std::shared_ptr<VhostGroups> keeper;
    {
        const std::shared_lock lock(mutex_);
        if (const auto of_vhost = vhost_groups_.find(group->vhost());
            of_vhost != vhost_groups_.end())
            keeper = of_vhost->second.keeper;
    }
    if (keeper)
        keeper->look_at_filters();
    write_filters(*group);
}

// What it wants after a restart, before anybody is back.
void GroupRegistry::write_filters(const KeptGroup &group) {
    vhosts_.store(set_last_filters(group.number(), group.last_filters()));
}

void GroupRegistry::read(std::vector<StreamDelivery> deliveries, Membership::Read done) {
    reader_.submit([this, deliveries = std::move(deliveries), done = std::move(done)]() mutable {
        std::vector<std::uint64_t> sequences;
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < deliveries.size(); ++i) {
            if (deliveries[i].event || !deliveries[i].gap.empty())
                continue;
            sequences.push_back(deliveries[i].sequence);
            places.push_back(i);
        }
        log_->read(sequences, [&](std::size_t index, const LogEvent &event) {
            deliveries[places[index]].event = kept_event(event);
        });
        done(std::move(deliveries));
    });
}

} // namespace webrocket
