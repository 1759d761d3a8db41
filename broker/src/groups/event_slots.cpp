#include "groups/event_slots.h"

#include <atomic>
#include <utility>

namespace webrocket {
namespace {

// Young events of all groups. One that several groups have counts for each.
std::atomic<std::size_t> bytes_in_all = 0;

} // namespace

EventSlots::~EventSlots() { bytes_in_all.fetch_sub(bytes_, std::memory_order_relaxed); }

bool EventSlots::are_too_large() const {
    return bytes_ > bytes_max || (bytes_ > bytes_of_each_min &&
                                  bytes_in_all.load(std::memory_order_relaxed) > bytes_in_all_max);
}

std::uint64_t EventSlots::add(const EventKeyHashes &keys, KeptEventPtr event, bool is_only_copy) {
    std::uint32_t index = free_;
    if (index != none) {
        free_ = slots_[index].younger;
    } else {
        index = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    }
    Slot &slot = slots_[index];
    slot.keys = keys;
    slot.event = std::move(event);
    slot.older = slot.younger = none;
    slot.is_only_copy = is_only_copy && slot.event;
    if (slot.is_only_copy)
        only_copy_bytes_ += slot.event->size();
    else if (slot.event)
        append_to_list(index);
    while (are_too_large())
        drop_event(oldest_);
    return std::uint64_t{index} + 1;
}

void EventSlots::release(std::uint64_t cookie) {
    const auto index = static_cast<std::uint32_t>(index_of(cookie));
    Slot &slot = slots_[index];
    if (slot.is_only_copy)
        only_copy_bytes_ -= slot.event->size();
    else if (slot.event)
        take_from_list(index);
    slot.event.reset();
    slot.is_only_copy = false;
    slot.younger = std::exchange(free_, index);
}

void EventSlots::append_to_list(std::uint32_t index) {
    slots_[index].older = youngest_;
    (youngest_ == none ? oldest_ : slots_[youngest_].younger) = index;
    youngest_ = index;
    bytes_ += slots_[index].event->size();
    bytes_in_all.fetch_add(slots_[index].event->size(), std::memory_order_relaxed);
}

void EventSlots::take_from_list(std::uint32_t index) {
    const Slot &slot = slots_[index];
    (slot.older == none ? oldest_ : slots_[slot.older].younger) = slot.younger;
    (slot.younger == none ? youngest_ : slots_[slot.younger].older) = slot.older;
    bytes_ -= slot.event->size();
    bytes_in_all.fetch_sub(slot.event->size(), std::memory_order_relaxed);
}

void EventSlots::drop_event(std::uint32_t index) {
    take_from_list(index);
    slots_[index].event.reset();
}

} // namespace webrocket
