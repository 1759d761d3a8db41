#include "hub/roster.h"

namespace webrocket {
namespace {

std::size_t entry_size(const Subscription &subscription) {
    return subscription.member ? subscription.member->entry.size() : 0;
}

} // namespace

RosterRoom Roster::room_for(const Subscription &subscription, const RosterLimits &limits) const {
    if (subscription.member && bytes_ + entry_size(subscription) > limits.bytes_max)
        return RosterRoom::roster_full;
    if (count_of(subscription.identity->uid) >= limits.members_per_uid_max)
        return RosterRoom::too_many_of_user;
    return RosterRoom::enough;
}

void Roster::add(Subscription &subscription) {
    everybody_.make_room_for_one();
    ++count_by_uid_[subscription.identity->uid];
    everybody_.add(subscription);
    bytes_ += entry_size(subscription);
    members_ += subscription.member ? 1 : 0;
}

void Roster::remove(const Subscription &subscription) {
    const auto count = count_by_uid_.find(subscription.identity->uid);
    if (--count->second == 0)
        count_by_uid_.erase(count);
    everybody_.remove(subscription);
    bytes_ -= entry_size(subscription);
    members_ -= subscription.member ? 1 : 0;
}

std::vector<Subscription *> Roster::take_all() {
    count_by_uid_.clear();
    bytes_ = 0;
    members_ = 0;
    return everybody_.take_all();
}

std::string Roster::text() const {
    std::string entries = "[";
    entries.reserve(2 + bytes_ + everybody_.size());
    for (const Subscription *subscription : everybody_) {
        if (!subscription->member)
            continue;
        if (entries.size() > 1)
            entries.push_back(',');
        entries.append(subscription->member->entry);
    }
    entries.push_back(']');
    return entries;
}

std::size_t Roster::count_of(const std::string &uid) const {
    const auto found = count_by_uid_.find(uid);
    return found == count_by_uid_.end() ? 0 : found->second;
}

} // namespace webrocket
