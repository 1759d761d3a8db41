#include "delivery/delivery_state.h"

#include "delivery/parts.h"

#include <algorithm>

namespace webrocket {

void DeliveryState::Parts::finish() {
    if (is_keeper_due_)
        choose_keeper();
    if (roster_.take_change())
        effects_.have_filters_changed = true;
}

void DeliveryState::Parts::take_effects(DeliveryEffects &into, bool with_gaps) {
    const auto move = [](auto &from, auto &to) {
        if (to.empty())
            to.swap(from);
        else
            to.insert(to.end(), from.begin(), from.end());
        from.clear();
    };
    move(effects_.settled, into.settled);
    move(effects_.attempts, into.attempts);
    move(effects_.dead_letters, into.dead_letters);
    move(effects_.ended, into.ended);
    move(effects_.ring, into.ring);
    if (with_gaps)
        gaps_.take_unwritten(into.gaps);
    into.have_filters_changed |= std::exchange(effects_.have_filters_changed, false);
}

DeliveryFigures DeliveryState::Parts::figures() const {
    DeliveryFigures figures = counts_;
    figures.events = bounds_.all().events;
    figures.bytes = bounds_.all().bytes;
    figures.unacknowledged = figures.events - bounds_.waiting().events;
    figures.delayed = delayed_.size() - delayed_gaps_;
    figures.unmatched = ready_.unmatched();
    figures.gaps = gaps_.size();
    figures.members = roster_.size();
    figures.connected = roster_.connected();
    std::int64_t oldest = INT64_MAX;
    const auto consider = [&](EntryIndex index) {
        if (index != nothing && !pool_[index].is_gap)
            oldest = std::min(oldest, pool_[index].aged_from);
    };
    consider(bounds_.oldest());
    roster_.each([&](const Member &member) { consider(member.by_tag.first()); });
    figures.oldest_ms = oldest == INT64_MAX ? 0 : oldest;
    return figures;
}

DeliveryState::DeliveryState(const DeliverySettings &settings, const TopicMatcher &matcher,
                             std::int64_t now)
    : parts_(std::make_unique<Parts>(settings, matcher, now)) {}

DeliveryState::~DeliveryState() = default;

void DeliveryState::restore_event(const DeliveryEvent &event, const DeliveryTries &tries,
                                  std::int64_t now) {
    parts_->set_time(now);
    parts_->restore_event(event, tries);
}

void DeliveryState::restore_gap(std::uint64_t sequence, const DeliveryGap &gap) {
    parts_->restore_gap(sequence, gap);
}

const DeliverySettings &DeliveryState::settings() const { return parts_->settings_; }

void DeliveryState::set_settings(const DeliverySettings &settings, std::int64_t now) {
    parts_->set_time(now);
    parts_->set_settings(settings);
    parts_->finish();
}

bool DeliveryState::set_order(bool is_ordered, const EventKeys &keys) {
    return parts_->set_order(is_ordered, keys);
}

void DeliveryState::set_at_bound(bool is_at_bound) { parts_->is_at_bound_ = is_at_bound; }

void DeliveryState::set_last_filters(std::span<const std::uint32_t> filters) {
    parts_->set_last_filters(filters);
    parts_->finish();
}

std::vector<std::uint32_t> DeliveryState::wanted_filters() const {
    return parts_->roster_.wanted();
}

DeliveryVerdict DeliveryState::judge(const DeliveryEvent &event, std::int64_t now) const {
    return parts_->judge(event, now);
}

DeliveryVerdict DeliveryState::reserve(const DeliveryEvent &event, std::int64_t now) {
    const DeliveryVerdict verdict = judge(event, now);
    if (verdict == DeliveryVerdict::taken)
        parts_->bounds_.reserve(event);
    return verdict;
}

void DeliveryState::give_place_back(const DeliveryEvent &event) {
    parts_->bounds_.give_back(event);
}

void DeliveryState::add(const DeliveryEvent &event, bool has_reserved, std::int64_t now) {
    parts_->set_time(now);
    if (has_reserved)
        parts_->bounds_.give_back(event);
    parts_->add(event);
    parts_->finish();
}

bool DeliveryState::requeue(const DeliveryEvent &event, std::uint32_t attempt, std::int64_t now) {
    parts_->set_time(now);
    const bool is_done = parts_->requeue(event, attempt);
    parts_->finish();
    return is_done;
}

void DeliveryState::lose(std::uint64_t sequence, GapReason reason, std::int64_t now) {
    parts_->set_time(now);
    parts_->lose(sequence, reason);
}

void DeliveryState::add_gap(const DeliveryGap &gap) { parts_->add_gap(gap); }

void DeliveryState::name_gap(std::uint64_t number, std::uint64_t sequence) {
    parts_->name_gap(number, sequence);
    parts_->finish();
}

Joined DeliveryState::join(const JoinRequest &request, std::int64_t now) {
    parts_->set_time(now);
    const Joined joined = parts_->join(request);
    parts_->finish();
    return joined;
}

void DeliveryState::disconnect(std::uint64_t stream, std::uint64_t connection, std::int64_t now) {
    parts_->set_time(now);
    parts_->disconnect(stream, connection);
    parts_->finish();
}

void DeliveryState::claim(std::uint64_t stream, std::size_t max, std::vector<Delivery> &into,
                          std::int64_t now) {
    parts_->set_time(now);
    parts_->claim(stream, max, into);
    parts_->finish();
}

std::size_t DeliveryState::acknowledge(std::uint64_t stream, std::uint64_t upto,
                                       std::span<const std::uint64_t> ids, std::int64_t now) {
    parts_->set_time(now);
    const std::size_t ignored = parts_->acknowledge(stream, upto, ids);
    parts_->finish();
    return ignored;
}

std::size_t DeliveryState::give_back(std::uint64_t stream, std::span<const std::uint64_t> ids,
                                     std::int64_t delay_ms, bool is_unhandled, std::int64_t now) {
    parts_->set_time(now);
    const std::size_t ignored = parts_->give_back(stream, ids, delay_ms, is_unhandled);
    parts_->finish();
    return ignored;
}

std::size_t DeliveryState::extend(std::uint64_t stream, std::span<const std::uint64_t> ids,
                                  std::int64_t now) {
    parts_->set_time(now);
    return parts_->extend(stream, ids);
}

void DeliveryState::advance(std::int64_t now) {
    parts_->set_time(now);
    parts_->advance();
    parts_->finish();
}

std::int64_t DeliveryState::next_deadline() const { return parts_->next_due_; }

void DeliveryState::take_effects(DeliveryEffects &into, GapEffects gaps) {
    parts_->take_effects(into, gaps == GapEffects::taken);
}

bool DeliveryState::has_effects() const {
    return !parts_->effects_.empty() || parts_->gaps_.has_unwritten();
}

DeliveryFigures DeliveryState::figures() const { return parts_->figures(); }

std::vector<DeliveryMember> DeliveryState::members() const { return parts_->members(); }

bool DeliveryState::has_members() const { return parts_->roster_.size() > 0; }

bool DeliveryState::knows_stream(std::uint64_t stream) const {
    return parts_->roster_.find(stream) != nullptr;
}

std::int64_t DeliveryState::memberless_since_ms() const { return parts_->memberless_since_; }

} // namespace webrocket
