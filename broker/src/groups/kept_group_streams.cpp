// Members of a group, and what their streams are sent and say.
#include "base/secrets.h"
#include "groups/kept_group.h"
#include "groups/kept_group_call.h"
#include "groups/reason_names.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <limits>
#include <utility>

namespace webrocket {

// Of one connection, until its stream has ended.
class KeptGroup::Place final : public Membership {
  public:
    Place(std::shared_ptr<KeptGroup> group, StreamTerms terms, const LineKey &key)
        : group_(std::move(group)), terms_(std::move(terms)), key_(key) {}
    ~Place() override { group_->disconnect(key_); }
    Place(const Place &) = delete;
    Place &operator=(const Place &) = delete;

    const StreamTerms &terms() const override { return terms_; }
    const std::string &epoch() const override { return group_->owner_.event_log().epoch(); }
    void attach(std::shared_ptr<Doorbell> bell) override { group_->attach(key_, std::move(bell)); }
    Claimed claim(std::size_t max) override { return group_->claim(key_, max); }
    void read(std::vector<StreamDelivery> deliveries, Read done) override {
        group_->owner_.read(std::move(deliveries), std::move(done));
    }

  private:
    const std::shared_ptr<KeptGroup> group_;
    const StreamTerms terms_;
    const LineKey key_;
};

JoinRequest KeptGroup::join_request(const MemberRequest &request) {
    JoinRequest join;
    join.name = request.name;
    join.filter = topics_.number_of(TopicFilter::of(request.filter, request.pattern));
    join.window = static_cast<std::uint32_t>(request.window);
    if (request.resumed_stream)
        join.stream = stream_called(*request.resumed_stream);
    join.tag = request.last_tag;
    return join;
}

Admitted KeptGroup::join(const MemberRequest &request) {
    return with_state([&](DeliveryState &state) -> Admitted {
        if (is_ended())
            return {Admittance::no_group};
        if (request.order && *request.order != settings_.order)
            return {state.has_members() ? Admittance::other_order : Admittance::order_may_change};
        const Joined joined = state.join(join_request(request), wall_clock_ms());
        switch (joined.obstacle) {
        case JoinObstacle::too_many_members:
            return {Admittance::too_many_members};
        case JoinObstacle::too_many_filters:
            return {Admittance::too_many_filters};
        case JoinObstacle::none:
            break;
        }
        return {Admittance::member, place_of(joined)};
    });
}

// With the lock.
std::unique_ptr<Membership> KeptGroup::place_of(const Joined &joined) {
    StreamTerms terms;
    if (joined.is_resumed) {
        terms.stream = names_.at(joined.stream);
    } else {
        const Uuid name = random_uuid();
        terms.stream.assign(name.data(), name.size());
        streams_.emplace(terms.stream, joined.stream);
        names_.emplace(joined.stream, terms.stream);
    }
    terms.is_resumed = joined.is_resumed;
    terms.lease = std::chrono::milliseconds(joined.lease_ms);
    terms.ack_deadline = std::chrono::milliseconds(joined.ack_deadline_ms);
    terms.order = settings_.order;
    const LineKey key(joined.stream, joined.connection);
    lines_.emplace(key, Line());
    return std::make_unique<Place>(shared_from_this(), std::move(terms), key);
}

void KeptGroup::attach(const LineKey &key, std::shared_ptr<Doorbell> bell) {
    const std::lock_guard lock(mutex_);
    const auto line = lines_.find(key);
    if (line == lines_.end())
        return;
    line->second.bell = std::move(bell);
    line->second.bell->ring();
}

Claimed KeptGroup::claim(const LineKey &key, std::size_t max) {
    return with_state([&](DeliveryState &state) {
        Claimed claimed;
        const auto line = lines_.find(key);
        claimed.state = line == lines_.end() ? StreamState::ended : line->second.state;
        if (claimed.state != StreamState::open)
            return claimed;
        std::vector<Delivery> deliveries;
        state.claim(key.first, max, deliveries, wall_clock_ms());
        claimed.may_have_more = deliveries.size() >= max;
        claimed.deliveries.reserve(deliveries.size());
        for (const Delivery &delivery : deliveries)
            claimed.deliveries.push_back(stream_delivery(delivery));
        return claimed;
    });
}

void KeptGroup::disconnect(const LineKey &key) {
    with_state([&](DeliveryState &state) {
        lines_.erase(key);
        state.disconnect(key.first, key.second, wall_clock_ms());
        return 0;
    });
}

StreamDelivery KeptGroup::stream_delivery(const Delivery &delivery) const {
    StreamDelivery sent;
    sent.sequence = delivery.sequence;
    sent.tag = delivery.tag;
    sent.attempt = delivery.attempt;
    if (delivery.is_gap()) {
        sent.gap = gap_text(delivery);
        sent.gap_time_ms = wall_clock_ms();
    } else {
        sent.event = slots_.event(delivery.cookie);
    }
    return sent;
}

std::string KeptGroup::gap_text(const Delivery &delivery) const {
    const std::uint64_t from = delivery.from != 0 ? delivery.from : delivery.sequence;
    const std::uint64_t to = delivery.from != 0 ? delivery.to : delivery.sequence;
    return fmt::format(R"({{"from":"{0}-{1}","to":"{0}-{2}","count":{3},"reason":"{4}"}})",
                       owner_.event_log().epoch(), from, to,
                       delivery.count ? std::to_string(*delivery.count) : "null",
                       name_of(delivery.reason));
}

std::vector<GroupMember> KeptGroup::members() const {
    const std::lock_guard lock(mutex_);
    std::vector<GroupMember> members;
    for (const DeliveryMember &known : state_.members()) {
        GroupMember member;
        member.name = known.name;
        if (const auto name = names_.find(known.stream); name != names_.end())
            member.stream = name->second;
        member.filter = topics_.filter(known.filter).text;
        member.window = known.window;
        member.unacknowledged = known.unacknowledged;
        member.connected = known.is_connected;
        members.push_back(std::move(member));
    }
    return members;
}

// With the lock. 0 for one that is none.
std::uint64_t KeptGroup::stream_called(std::string_view name) const {
    const auto found = streams_.find(name);
    return found == streams_.end() ? 0 : found->second;
}

// One of another epoch is nobody's.
std::vector<std::uint64_t> KeptGroup::sequences_of(const std::vector<EventId> &ids) const {
    std::vector<std::uint64_t> sequences;
    sequences.reserve(ids.size());
    for (const EventId &id : ids)
        sequences.push_back(id.epoch == owner_.event_log().epoch() ? id.sequence : 0);
    return sequences;
}

std::size_t KeptGroup::acknowledge(std::string_view stream, std::uint64_t up_to_tag,
                                   const std::vector<EventId> &ids) {
    const auto sequences = sequences_of(ids);
    return with_state([&](DeliveryState &state) {
        return state.acknowledge(stream_called(stream), up_to_tag, sequences, wall_clock_ms());
    });
}

std::size_t KeptGroup::give_back(std::string_view stream, const std::vector<EventId> &ids,
                                 std::chrono::milliseconds delay, bool unhandled) {
    const auto sequences = sequences_of(ids);
    return with_state([&](DeliveryState &state) {
        return state.give_back(stream_called(stream), sequences, delay.count(), unhandled,
                               wall_clock_ms());
    });
}

std::size_t KeptGroup::extend(std::string_view stream, const std::vector<EventId> &ids) {
    const auto sequences = sequences_of(ids);
    return with_state([&](DeliveryState &state) {
        return state.extend(stream_called(stream), sequences, wall_clock_ms());
    });
}

} // namespace webrocket
