// The state of the broker, for every loop. Lookups are made where they are needed; what lasts is
// changed by the writer's thread alone, which writes it first: what could not be stored has not
// happened.
#pragma once

#include "base/log.h"
#include "hub/exchange.h"
#include "hub/group_target.h"
#include "hub/vhost.h"
#include "net/event_loops.h"
#include "store/change.h"
#include "store/change_writer.h"
#include "store/store.h"

#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// A change that was refused before it was tried, to somebody who may make some. `asked` is what was
// asked, for people.
void record_failed_change(std::string_view asked, const Author &author, int status);

// What an author has done that is no Change. `about` is what the line is about.
void record_deed(std::string_view deed, const Author &author, LogFields about);

class VhostRegistry final : private ChangeTarget {
  public:
    VhostRegistry(Store &store, EventLoops &loops, const VhostLimits &limits);

    std::shared_ptr<Vhost> find_vhost(std::string_view path) const;
    // Sorted by path.
    std::vector<std::shared_ptr<Vhost>> vhosts() const;

    // Of all vhosts, those to come included. Any thread.
    void set_limits(const VhostLimits &limits);

    // Keys that nobody asks for any more, a part of them. Any thread, now and then.
    void forget_old_keys() const;

    // Any thread. `done` is called on the writer's thread. Names must be valid.
    void change(Change change, ChangeDone done);
    std::size_t change_backlog() const { return writer_.backlog(); }
    // What is written or read beside changes. Any thread.
    void store(StoreWork work);

    // Who has the reliable groups, for as long as anything may be changed; null: nobody, so that
    // there can be none.
    void set_groups(GroupTarget *groups);

    // Before anything is served; it is there as long as that is.
    void set_exchange(Exchange &exchange) { exchange_ = &exchange; }
    Exchange &exchange() { return *exchange_; }

  private:
    using Vhosts = std::map<std::string, std::shared_ptr<Vhost>, std::less<>>;

    Outcome obstacle(const Change &change, std::size_t opening) const override;
    void apply(const Change &change, const std::string &secret) override;
    void record(const Change &change, Outcome outcome) override;
    void add_vhost(const std::string &path, const std::string &access_token);
    void remove_vhost(const std::string &path);
    void remove_all_vhosts();
    Outcome obstacle_of_group(const Change &change) const;
    void apply_to_groups(const Change &change);
    void remove_groups_of(const Vhost &vhost);

    EventLoops &loops_;
    mutable std::shared_mutex mutex_;
    VhostLimits limits_;
    Vhosts vhosts_;
    LocalExchange local_exchange_;
    Exchange *exchange_ = &local_exchange_;
    std::atomic<GroupTarget *> groups_ = nullptr;
    ChangeWriter writer_; // the last to come, the first to go
};

} // namespace webrocket
