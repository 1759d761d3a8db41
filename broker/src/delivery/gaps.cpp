#include "delivery/gaps.h"

#include "delivery/settings.h"

#include <algorithm>
#include <utility>

namespace webrocket::group_state {

namespace {

void extend(DeliveryGap &gap, const DeliveryGap &by) {
    if (by.from != 0) {
        gap.from = gap.from == 0 ? by.from : std::min(gap.from, by.from);
        gap.to = std::max(gap.to, by.to);
    }
    if (gap.count && by.count)
        *gap.count += *by.count;
    else
        gap.count.reset();
    gap.time_ms = by.time_ms;
}

} // namespace

std::uint64_t Gaps::make(const DeliveryGap &gap) {
    const std::uint64_t number = ++last_number_;
    const EntryIndex index = pool_.make();
    pool_[index].is_gap = true;
    pool_[index].cookie = number;
    pool_[index].place = EntryPlace::unnamed;
    Gap &made = gaps_[number];
    made = {gap, index};
    made.told.number = number;
    return number;
}

EntryIndex Gaps::merge(const DeliveryGap &loss) {
    Reason &reason = reasons_[at(loss.reason)];
    EntryIndex withdrawn = nothing;
    if (reason.unwritten == 0 && reason.untold.size() < 2) {
        reason.unwritten = make(loss);
        return nothing;
    }
    if (reason.unwritten == 0) {
        // The one before it stays, so that something can be handed out meanwhile.
        reason.unwritten = reason.untold.back();
        reason.untold.pop_back();
        withdrawn = gaps_.at(reason.unwritten).entry;
        fresh_.erase(pool_[withdrawn].sequence);
        pool_[withdrawn].place = EntryPlace::unnamed;
    }
    extend(gaps_.at(reason.unwritten).told, loss);
    return withdrawn;
}

bool Gaps::has_unwritten() const {
    return std::any_of(reasons_.begin(), reasons_.end(),
                       [](const Reason &reason) { return reason.unwritten != 0; });
}

void Gaps::take_unwritten(std::vector<DeliveryGap> &into) {
    for (Reason &reason : reasons_)
        if (reason.unwritten != 0)
            into.push_back(gaps_.at(std::exchange(reason.unwritten, 0)).told);
}

EntryIndex Gaps::name(std::uint64_t number, std::uint64_t sequence) {
    const auto found = gaps_.find(number);
    if (found == gaps_.end() || pool_[found->second.entry].place != EntryPlace::unnamed ||
        reasons_[at(found->second.told.reason)].unwritten == number)
        return nothing;
    const EntryIndex index = found->second.entry;
    pool_[index].sequence = sequence;
    pool_[index].place = EntryPlace::queued;
    fresh_.emplace(sequence, index);
    reason_of(index).untold.push_back(number);
    return index;
}

EntryIndex Gaps::restore(std::uint64_t sequence, const DeliveryGap &gap) {
    const EntryIndex index = gaps_.at(make(gap)).entry;
    pool_[index].sequence = sequence;
    pool_[index].is_new = false;
    ++out_;
    put(index);
    return index;
}

EntryIndex Gaps::first() const {
    if (!early_.empty())
        return early_.begin()->second;
    return fresh_.empty() || out_ >= delivery_limits::gaps_out_max ? nothing
                                                                   : fresh_.begin()->second;
}

void Gaps::put(EntryIndex index) {
    pool_[index].place = EntryPlace::queued;
    early_.emplace(pool_[index].sequence, index);
}

void Gaps::hand_out(EntryIndex index) {
    Entry &entry = pool_[index];
    if (!entry.is_new) {
        early_.erase(entry.sequence);
        return;
    }
    fresh_.erase(entry.sequence);
    entry.is_new = false;
    ++out_;
    std::erase(reason_of(index).untold, entry.cookie);
}

void Gaps::forget(EntryIndex index) {
    --out_;
    gaps_.erase(pool_[index].cookie);
}

} // namespace webrocket::group_state
