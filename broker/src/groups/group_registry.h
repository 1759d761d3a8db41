// All reliable groups, the log that they share, and what is done for them now and then.
#pragma once

#include "base/current.h"
#include "event_log/event_log.h"
#include "groups/backlog_reader.h"
#include "groups/event_intake.h"
#include "groups/group_owner.h"
#include "groups/group_timer.h"
#include "groups/groups.h"
#include "groups/keeping_exchange.h"
#include "groups/kept_group.h"
#include "groups/vhost_groups.h"
#include "hub/vhost_registry.h"
#include "net/event_loops.h"
#include "store/store.h"

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace webrocket {

// Any thread, where nothing else is said. Its lock guards which groups there are, and nothing else
// is taken with it.
class GroupRegistry final : public GroupDirectory, private GroupOwner {
  public:
    // On the main thread, before anything is served: reads the store and the log. Throws
    // std::runtime_error with a message for the operator.
    GroupRegistry(VhostRegistry &vhosts, Store &store, EventLoops &loops,
                  const std::filesystem::path &log_directory, const GroupLimits &limits,
                  Durability durability);
    ~GroupRegistry() override;

    std::shared_ptr<Group> find(std::string_view vhost, std::string_view group) const override;
    std::vector<std::shared_ptr<Group>> list(std::string_view vhost) const override;
    GroupLimits limits() const override;
    void set_limits(const GroupLimits &limits);
    // Why the disk does not take events; empty if it does.
    std::string failure() const override { return log_->is_failing() ? log_->failure() : ""; }
    LogFigures log_figures() const override { return log_->figures(); }

    // On the thread `storage`.
    bool has_group(std::string_view vhost, std::string_view group) const override;
    bool has_room(std::string_view vhost) const override;
    bool may_order(std::string_view vhost, std::string_view group, GroupOrder order) const override;
    void add(const StoredGroup &group) override;
    void set(const StoredGroup &group) override;
    void remove(std::string_view vhost, std::string_view group) override;
    void remove_all(std::string_view vhost) override;

    // For a member.
    Admitted join(std::string_view vhost, std::string_view group,
                  const MemberRequest &request) const override;

  private:
    using Groups = std::map<std::string, std::shared_ptr<KeptGroup>, std::less<>>;
    struct OfVhost {
        Groups groups;
        std::shared_ptr<VhostGroups> keeper; // null until the vhost has had one
    };

    // Of a group, by whoever has it.
    EventLog &event_log() override { return *log_; }
    void write_soon(std::shared_ptr<KeptGroup> group) override;
    void wake_at(const std::shared_ptr<KeptGroup> &group, std::int64_t time_ms) override;
    void filters_changed(const std::shared_ptr<KeptGroup> &group) override;
    void store(const std::shared_ptr<KeptGroup> &group,
               std::vector<DeadLetterToStore> letters) override;
    void read(std::vector<StreamDelivery> deliveries, Membership::Read done) override;

    void recover(Store &store, const std::filesystem::path &log_directory, Durability durability);
    void tell_of_start() const;
    void wait_for_storage();
    std::shared_ptr<KeptGroup> find_kept(std::string_view vhost, std::string_view group) const;
    std::vector<std::shared_ptr<KeptGroup>> all() const;
    void show_to_vhost(const std::string &vhost);
    void end(const std::shared_ptr<KeptGroup> &group);
    void write_filters(const KeptGroup &group);
    KeptEventPtr read_one(std::uint64_t sequence) const;
    void store_now(const std::shared_ptr<KeptGroup> &group, const DeadLetterToStore &letter);

    // Once a second, on the first loop; what may wait for the disk on the other thread.
    void look_every_second();
    void look();
    void look_at_bounds();
    bool is_disk_nearly_full() const;
    void look_at_failure();
    void look_at_members();
    void tell_of_refusals();

    VhostRegistry &vhosts_;
    EventLoops &loops_;
    const std::filesystem::path log_directory_;
    Current<GroupLimits> limits_;
    EventIntake intake_;
    KeepingExchange exchange_{intake_};
    GroupTimer timer_;
    std::unique_ptr<EventLog> log_;
    mutable std::shared_mutex mutex_;
    std::map<std::string, OfVhost, std::less<>> vhost_groups_;
    // The rest is that of the looks alone.
    std::unordered_map<std::uint32_t, std::int64_t> memberless_since_;
    std::unordered_map<std::uint32_t, std::uint64_t> refused_before_;
    std::string vhost_at_bound_;
    bool was_failing_ = false;
    std::uint64_t looks_ = 0;
    boost::asio::steady_timer look_timer_;
    BacklogReader reader_; // the last to come, the first to go
};

} // namespace webrocket
