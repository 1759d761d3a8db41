#include "delivery/bounds.h"

namespace webrocket::group_state {

namespace {

std::uint64_t part_of(std::uint64_t bound) {
    return (bound + delivery_limits::sender_part - 1) / delivery_limits::sender_part;
}

} // namespace

std::uint32_t Bounds::sender_for(std::uint64_t hash) {
    std::uint32_t slot = sender_of_hash_.find(hash);
    if (slot != FlatMap::none)
        return slot;
    slot = static_cast<std::uint32_t>(senders_.size());
    if (free_senders_.empty()) {
        senders_.emplace_back();
    } else {
        slot = free_senders_.back();
        free_senders_.pop_back();
    }
    senders_[slot].hash = hash;
    sender_of_hash_.insert(hash, slot);
    return slot;
}

void Bounds::leave_sender(std::uint32_t slot) {
    if (senders_[slot].all.events != 0)
        return;
    sender_of_hash_.erase(senders_[slot].hash);
    senders_[slot] = {};
    free_senders_.push_back(slot);
    if (sender_of_hash_.size() == 0 && senders_.size() > kept_slots) {
        std::vector<Sender>().swap(senders_);
        std::vector<std::uint32_t>().swap(free_senders_);
    }
}

const Bounds::Sender *Bounds::find(std::uint64_t hash) const {
    const std::uint32_t slot = sender_of_hash_.find(hash);
    return slot == FlatMap::none ? nullptr : &senders_[slot];
}

void Bounds::reserve(const DeliveryEvent &event) {
    all_.add(event.bytes);
    reserved_.add(event.bytes);
    if (event.sender != 0)
        senders_[sender_for(event.sender)].all.add(event.bytes);
}

void Bounds::give_back(const DeliveryEvent &event) {
    all_.subtract(event.bytes);
    reserved_.subtract(event.bytes);
    if (event.sender == 0)
        return;
    const std::uint32_t slot = sender_of_hash_.find(event.sender);
    senders_[slot].all.subtract(event.bytes);
    leave_sender(slot);
}

void Bounds::come(EntryIndex index, std::uint64_t sender) {
    Entry &entry = pool_[index];
    all_.add(entry.bytes);
    entry.sender = sender == 0 ? nothing : sender_for(sender);
    if (sender != 0)
        senders_[entry.sender].all.add(entry.bytes);
}

void Bounds::leave(EntryIndex index) {
    const Entry &entry = pool_[index];
    all_.subtract(entry.bytes);
    if (entry.sender == nothing)
        return;
    senders_[entry.sender].all.subtract(entry.bytes);
    leave_sender(entry.sender);
}

void Bounds::begin_waiting(EntryIndex index) {
    const Entry &entry = pool_[index];
    waiting_.add(entry.bytes);
    if (entry.sender != nothing)
        senders_[entry.sender].waiting.add(entry.bytes);
    if (entry.is_new) {
        fresh_.push_back(pool_, index);
        if (entry.sender != nothing)
            senders_[entry.sender].fresh.push_back(pool_, index);
        return;
    }
    others_.emplace(std::pair{entry.aged_from, entry.sequence}, index);
    if (entry.sender != nothing)
        others_of_.emplace(std::tuple{entry.sender, entry.aged_from, entry.sequence}, index);
}

void Bounds::end_waiting(EntryIndex index) {
    const Entry &entry = pool_[index];
    waiting_.subtract(entry.bytes);
    if (entry.sender != nothing)
        senders_[entry.sender].waiting.subtract(entry.bytes);
    if (entry.is_new) {
        fresh_.remove(pool_, index);
        if (entry.sender != nothing)
            senders_[entry.sender].fresh.remove(pool_, index);
        return;
    }
    others_.erase({entry.aged_from, entry.sequence});
    if (entry.sender != nothing)
        others_of_.erase({entry.sender, entry.aged_from, entry.sequence});
}

bool Bounds::is_full(const DeliveryEvent &event, const Amount &there) const {
    return there.events + 1 > settings_.max_events ||
           there.bytes + event.bytes > settings_.max_bytes;
}

// One event of a sender that has nothing else here may be larger: it could never come in.
bool Bounds::is_over(const DeliveryEvent &event, const Amount &there) const {
    return there.events + 1 > part_of(settings_.max_events) ||
           (there.events > 0 && there.bytes + event.bytes > part_of(settings_.max_bytes));
}

bool Bounds::is_full_with(const DeliveryEvent &event) const { return is_full(event, all_); }

bool Bounds::would_be_full_with(const DeliveryEvent &event) const {
    return is_full(event, all_ - waiting_);
}

bool Bounds::is_sender_over_with(const DeliveryEvent &event) const {
    const Sender *sender = find(event.sender);
    return sender != nullptr && is_over(event, sender->all);
}

bool Bounds::would_sender_be_over_with(const DeliveryEvent &event) const {
    const Sender *sender = find(event.sender);
    return sender != nullptr && is_over(event, sender->all - sender->waiting);
}

EntryIndex Bounds::oldest() const {
    if (others_.empty())
        return fresh_.first();
    const auto &[age, index] = *others_.begin();
    return fresh_.empty() || age.first <= pool_[fresh_.first()].aged_from ? index : fresh_.first();
}

EntryIndex Bounds::oldest_of(std::uint64_t sender) const {
    const std::uint32_t slot = sender_of_hash_.find(sender);
    if (slot == FlatMap::none)
        return nothing;
    const EntryIndex fresh = senders_[slot].fresh.first();
    const auto other = others_of_.lower_bound({slot, INT64_MIN, 0});
    if (other == others_of_.end() || std::get<0>(other->first) != slot)
        return fresh;
    return fresh == nothing || std::get<1>(other->first) <= pool_[fresh].aged_from ? other->second
                                                                                   : fresh;
}

} // namespace webrocket::group_state
