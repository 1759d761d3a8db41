#include "delivery_model.h"

#include <set>
#include <tuple>

namespace webrocket::test {

DeliveryModel::Item *DeliveryModel::find(std::uint64_t sequence) {
    for (Item &item : items_)
        if (sequence != 0 && item.seq() == sequence)
            return &item;
    return nullptr;
}

DeliveryModel::Worker *DeliveryModel::worker(std::uint64_t stream) {
    for (Worker &one : workers_)
        if (one.told.stream == stream)
            return &one;
    return nullptr;
}

const DeliveryModel::Worker *DeliveryModel::worker(std::uint64_t stream) const {
    return const_cast<DeliveryModel *>(this)->worker(stream);
}

DeliveryModel::Worker *DeliveryModel::worker(std::string_view name) {
    for (Worker &one : workers_)
        if (one.told.name == name)
            return &one;
    return nullptr;
}

bool DeliveryModel::is_matched(const Item &item) const {
    return std::any_of(workers_.begin(), workers_.end(), [&](const Worker &one) {
        return matcher_.matches(one.told.filter, item.event.topic);
    });
}

// Of what waits: the one that goes first.
bool DeliveryModel::is_before(const Item &one, const Item &other) {
    const auto rank = [](const Item &item) {
        return std::pair{item.is_new, item.is_new ? item.arrival : item.seq()};
    };
    return rank(one) < rank(other);
}

bool DeliveryModel::is_free_by_key(const Item &item) const {
    if (!settings_.is_ordered || item.event.key == 0)
        return true;
    return std::none_of(items_.begin(), items_.end(), [&](const Item &other) {
        if (other.is_gap || other.event.key != item.event.key || &other == &item)
            return false;
        if (other.where == Where::held)
            return true;
        return is_matched(other) && (other.where == Where::delayed || is_before(other, item));
    });
}

const DeliveryModel::Item *DeliveryModel::first(const Worker &worker, bool is_alone) const {
    const Item *best = nullptr;
    for (const Item &item : items_)
        if (!item.is_gap && item.where == Where::waiting && item.is_alone() == is_alone &&
            matcher_.matches(worker.told.filter, item.event.topic) && is_free_by_key(item) &&
            (best == nullptr || is_before(item, *best)))
            best = &item;
    return best;
}

const DeliveryModel::Item *DeliveryModel::first_gap() const {
    const Item *best = nullptr;
    for (const Item &item : items_)
        if (item.is_gap && item.where == Where::waiting && item.seq() != 0 &&
            (best == nullptr ||
             std::pair{item.is_new, item.seq()} < std::pair{best->is_new, best->seq()}))
            best = &item;
    return best;
}

std::vector<const DeliveryModel::Item *> DeliveryModel::held(std::uint64_t stream) const {
    std::vector<const Item *> all;
    for (const Item &item : items_)
        if (item.where == Where::held && item.stream == stream)
            all.push_back(&item);
    std::sort(all.begin(), all.end(),
              [](const Item *one, const Item *other) { return one->tag < other->tag; });
    return all;
}

const DeliveryModel::Item *DeliveryModel::pending(const Worker &worker) const {
    for (const Item *item : held(worker.told.stream))
        if (item->tag > worker.read_tag && item->tag <= worker.resend_upto)
            return item;
    return nullptr;
}

const DeliveryModel::Item *DeliveryModel::choose(const Worker &worker) const {
    const auto hands = held(worker.told.stream);
    if (settings_.is_paused || !worker.told.is_connected || hands.size() >= worker.told.window ||
        std::any_of(hands.begin(), hands.end(), [](const Item *item) { return item->is_alone(); }))
        return nullptr;
    if (worker.told.stream == keeper_)
        return hands.empty() ? first(worker, true) : nullptr;
    const Item *gap = first_gap();
    return gap != nullptr ? gap : first(worker, false);
}

std::vector<std::uint64_t> DeliveryModel::claimable(std::uint64_t stream) const {
    std::vector<std::uint64_t> all;
    const Worker *found = worker(stream);
    if (found == nullptr || choose(*found) == nullptr)
        return all;
    if (keeper_ == stream)
        return {choose(*found)->seq()};
    for (const Item &item : items_)
        if (item.where == Where::waiting && item.seq() != 0 &&
            (item.is_gap || (!item.is_alone() && is_free_by_key(item) &&
                             matcher_.matches(found->told.filter, item.event.topic))))
            all.push_back(item.seq());
    return all;
}

// Whether it can be kept free for what is handed out alone; which is then the first for it.
const DeliveryModel::Item *DeliveryModel::first_if_kept(const Worker &one) const {
    const Item *item = first(one, true);
    const auto alike = std::count_if(workers_.begin(), workers_.end(), [&](const Worker &its) {
        return its.told.is_connected && its.told.filter == one.told.filter;
    });
    if (!one.told.is_connected || has_alone(one.told.stream) ||
        (one.owes_turn && alike == 1 && (first_gap() != nullptr || first(one, false) != nullptr)))
        return nullptr;
    return item;
}

bool DeliveryModel::has_alone(std::uint64_t stream) const {
    const auto hands = held(stream);
    return std::any_of(hands.begin(), hands.end(),
                       [](const Item *item) { return item->is_alone(); });
}

// After each step one is chosen, if need be. One that has to get rid of something first is replaced
// by one that has nothing.
void DeliveryModel::end() {
    const Worker *kept = worker(keeper_);
    if (kept != nullptr && first(*kept, true) == nullptr && !has_alone(keeper_))
        kept = nullptr;
    keeper_ = kept == nullptr ? 0 : kept->told.stream;
    if (keeper_ != 0 && (has_alone(keeper_) || held(keeper_).empty()))
        return;
    std::optional<std::tuple<bool, bool, std::uint64_t, std::size_t, std::uint64_t>> best;
    std::uint64_t chosen = 0;
    for (const Worker &one : workers_) {
        const auto hands = held(one.told.stream).size();
        const Item *item = first_if_kept(one);
        if (item == nullptr || (keeper_ != 0 && hands > 0))
            continue;
        const std::tuple merit{hands > 0, item->is_new, item->is_new ? item->arrival : item->seq(),
                               hands, one.told.stream};
        if (!best || merit < *best) {
            best = merit;
            chosen = one.told.stream;
        }
    }
    keeper_ = chosen != 0 ? chosen : keeper_;
}

bool DeliveryModel::refuses_nothing(std::int64_t now) const {
    const bool has_events =
        std::any_of(items_.begin(), items_.end(), [](const Item &item) { return !item.is_gap; });
    const std::int64_t since = workers_.empty() ? memberless_since_ : progress_;
    return settings_.drops_oldest || (has_events && std::max(now, now_) - since >= 3'600'000);
}

// Of a sender, or of all (0); with what is reserved.
std::size_t DeliveryModel::events_of(std::uint64_t sender, bool with_waiting) const {
    std::size_t count = 0;
    for (const DeliveryEvent &event : reserved_)
        count += sender == 0 || event.sender == sender ? 1 : 0;
    for (const Item &item : items_)
        if (!item.is_gap && (sender == 0 || item.event.sender == sender) &&
            (with_waiting || item.where == Where::held))
            ++count;
    return count;
}

std::uint64_t DeliveryModel::bytes_of(std::uint64_t sender, bool with_waiting) const {
    std::uint64_t sum = 0;
    for (const DeliveryEvent &event : reserved_)
        sum += sender == 0 || event.sender == sender ? event.bytes : 0;
    for (const Item &item : items_)
        if (!item.is_gap && (sender == 0 || item.event.sender == sender) &&
            (with_waiting || item.where == Where::held))
            sum += item.event.bytes;
    return sum;
}

bool DeliveryModel::is_full(const DeliveryEvent &event, bool with_waiting) const {
    return events_of(0, with_waiting) + 1 > settings_.max_events ||
           bytes_of(0, with_waiting) + event.bytes > settings_.max_bytes;
}

bool DeliveryModel::is_sender_over(const DeliveryEvent &event, bool with_waiting) const {
    if (event.sender == 0)
        return false;
    const std::size_t events = events_of(event.sender, with_waiting);
    // A tenth, rounded up. One event is not too large by itself.
    return events + 1 > (settings_.max_events + 9) / 10 ||
           (events > 0 &&
            bytes_of(event.sender, with_waiting) + event.bytes > (settings_.max_bytes + 9) / 10);
}

DeliveryVerdict DeliveryModel::judge(const DeliveryEvent &event, std::int64_t now) const {
    const bool is_over = is_sender_over(event, true);
    if (!is_over && !is_full(event, true) && !is_at_bound_)
        return DeliveryVerdict::taken;
    if (!refuses_nothing(now))
        return is_over ? DeliveryVerdict::sender_is_over : DeliveryVerdict::full;
    const bool nothing_waits = oldest(0) == nullptr;
    return is_sender_over(event, false) || is_full(event, false) || (is_at_bound_ && nothing_waits)
               ? DeliveryVerdict::dropped
               : DeliveryVerdict::taken;
}

const DeliveryModel::Item *DeliveryModel::oldest(std::uint64_t sender) const {
    const Item *best = nullptr;
    const auto age = [](const Item &item) {
        return std::tuple{item.aged_from, item.is_new, item.is_new ? item.arrival : item.seq()};
    };
    for (const Item &item : items_)
        if (item.is_waiting_event() && (sender == 0 || item.event.sender == sender) &&
            (best == nullptr || age(item) < age(*best)))
            best = &item;
    return best;
}

std::vector<std::uint32_t> DeliveryModel::wanted_filters() const {
    std::set<std::uint32_t> all(last_filters_.begin(), last_filters_.end());
    for (const Worker &one : workers_)
        all.insert(one.told.filter);
    return {all.begin(), all.end()};
}

std::vector<DeliveryMember> DeliveryModel::members() const {
    std::vector<DeliveryMember> all;
    for (const Worker &one : workers_) {
        all.push_back(one.told);
        all.back().unacknowledged = held(one.told.stream).size();
    }
    return all;
}

DeliveryFigures DeliveryModel::figures() const {
    DeliveryFigures figures = counts_;
    std::int64_t oldest = INT64_MAX;
    for (const Item &item : items_) {
        if (item.is_gap) {
            ++figures.gaps;
            continue;
        }
        ++figures.events;
        figures.bytes += item.event.bytes;
        figures.unacknowledged += item.where == Where::held ? 1 : 0;
        figures.delayed += item.where == Where::delayed ? 1 : 0;
        figures.unmatched += item.where != Where::held && !is_matched(item) ? 1 : 0;
        const bool is_lowest = item.where == Where::held && held(item.stream).front() == &item;
        if (item.where != Where::held || is_lowest)
            oldest = std::min(oldest, item.aged_from);
    }
    figures.oldest_ms = oldest == INT64_MAX ? 0 : oldest;
    figures.members = workers_.size();
    for (const Worker &one : workers_)
        figures.connected += one.told.is_connected ? 1 : 0;
    return figures;
}

std::int64_t DeliveryModel::next_deadline() const {
    std::int64_t next = INT64_MAX;
    for (const Item &item : items_) {
        const Worker *holder = item.where == Where::held ? worker(item.stream) : nullptr;
        if (item.where == Where::delayed || (holder != nullptr && holder->told.is_connected))
            next = std::min(next, item.when);
        if (item.is_waiting_event())
            next = std::min(next, item.aged_from + settings_.max_age_ms);
    }
    for (const Worker &one : workers_)
        if (!one.told.is_connected)
            next = std::min(next, one.lease_until);
    return next;
}

} // namespace webrocket::test
