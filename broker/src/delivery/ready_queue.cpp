#include "delivery/ready_queue.h"

#include "delivery/delivery_state.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace webrocket::group_state {

namespace {

// Filters that cut the topics into more parts than this get coarser ones: what several match is
// then for one of them alone. Otherwise topics that strangers choose would make the heaps large.
constexpr std::size_t classes_max = 1024;

template <class Do>
void each_bit(FilterBits bits, Do &&act) {
    for (; bits != 0; bits &= bits - 1)
        act(static_cast<std::size_t>(std::countr_zero(bits)));
}

} // namespace

void ClassHeap::set(std::uint32_t topic_class, std::uint64_t rank) {
    if (position_.size() <= topic_class)
        position_.resize(topic_class + 1, nothing);
    std::size_t at = position_[topic_class];
    if (at == nothing) {
        at = heap_.size();
        heap_.push_back({rank, topic_class});
        up(at, {rank, topic_class});
    } else if (rank < heap_[at].rank) {
        up(at, {rank, topic_class});
    } else {
        down(at, {rank, topic_class});
    }
}

void ClassHeap::remove(std::uint32_t topic_class) {
    if (position_.size() <= topic_class || position_[topic_class] == nothing)
        return;
    const std::size_t at = position_[topic_class];
    position_[topic_class] = nothing;
    const Node last = heap_.back();
    heap_.pop_back();
    if (at == heap_.size())
        return;
    if (at > 0 && last.rank < heap_[(at - 1) / 2].rank)
        up(at, last);
    else
        down(at, last);
}

void ClassHeap::clear() {
    heap_.clear();
    position_.clear();
}

void ClassHeap::place(std::size_t at, Node node) {
    heap_[at] = node;
    position_[node.topic_class] = static_cast<std::uint32_t>(at);
}

void ClassHeap::up(std::size_t at, Node node) {
    for (; at > 0 && node.rank < heap_[(at - 1) / 2].rank; at = (at - 1) / 2)
        place(at, heap_[(at - 1) / 2]);
    place(at, node);
}

void ClassHeap::down(std::size_t at, Node node) {
    for (;;) {
        std::size_t child = 2 * at + 1;
        if (child >= heap_.size())
            break;
        if (child + 1 < heap_.size() && heap_[child + 1].rank < heap_[child].rank)
            ++child;
        if (node.rank <= heap_[child].rank)
            break;
        place(at, heap_[child]);
        at = child;
    }
    place(at, node);
}

ReadyQueue::ReadyQueue(EntryPool &pool, const TopicMatcher &matcher)
    : pool_(pool), matcher_(matcher), classes_(1) {}

void ReadyQueue::use_slot(std::size_t slot, std::uint32_t filter) {
    filters_[slot] = filter;
    used_ |= FilterBits{1} << slot;
}

// Its bit stays where it is set: without members it means nothing.
void ReadyQueue::leave_slot(std::size_t slot) { used_ &= ~(FilterBits{1} << slot); }

void ReadyQueue::set_live(FilterBits live) {
    const FilterBits changed = live ^ live_;
    live_ = live;
    each_bit(changed, [&](std::size_t slot) { fill_heaps(slot); });
}

void ReadyQueue::fill_heaps(std::size_t slot) {
    const FilterBits bit = FilterBits{1} << slot;
    for (const Lane lane : {Lane::common, Lane::alone}) {
        ClassHeap &heap = heaps_[slot][at(lane)];
        heap.clear();
        for (std::uint32_t number = 0; (live_ & bit) != 0 && number < classes_.size(); ++number) {
            const EntryIndex first = first_of(classes_[number].queues[at(lane)]);
            if ((classes_[number].bits & bit) != 0 && first != nothing)
                heap.set(number, pool_[first].rank());
        }
    }
}

void ReadyQueue::empty() {
    for (auto &topic_class : classes_)
        topic_class.queues = {};
    for (auto &heaps : heaps_)
        for (ClassHeap &heap : heaps)
            heap.clear();
    sizes_ = {};
}

void ReadyQueue::reclassify() {
    classes_.clear();
    classes_.emplace_back();
    free_classes_.clear();
    class_of_bits_.clear();
    is_coarse_ = false;
    for (std::uint32_t number = 0; number < topics_.size(); ++number) {
        Topic &topic = topics_[number];
        topic.its_class = topic.events == 0 ? 0 : class_for(match(number));
        if (topic.events != 0) {
            ++classes_[topic.its_class].topics;
            classes_[topic.its_class].waiting += topic.waiting;
        }
    }
}

void ReadyQueue::add_topic(std::uint32_t topic) {
    if (topics_.size() <= topic)
        topics_.resize(topic + std::size_t{1});
    if (topics_[topic].events++ != 0)
        return;
    ++topics_in_use_;
    topics_[topic].its_class = class_for(match(topic));
    ++classes_[topics_[topic].its_class].topics;
}

void ReadyQueue::remove_topic(std::uint32_t topic) {
    if (--topics_[topic].events != 0)
        return;
    leave_class(std::exchange(topics_[topic].its_class, 0));
    if (--topics_in_use_ == 0 && topics_.size() > kept_slots)
        std::vector<Topic>().swap(topics_);
}

void ReadyQueue::count_waiting(std::uint32_t topic, std::int64_t more) {
    topics_[topic].waiting += static_cast<std::uint64_t>(more);
    classes_[topics_[topic].its_class].waiting += static_cast<std::uint64_t>(more);
}

std::uint64_t ReadyQueue::unmatched() const {
    std::uint64_t sum = 0;
    for (const TopicClass &topic_class : classes_)
        if ((topic_class.bits & live_) == 0)
            sum += topic_class.waiting;
    return sum;
}

FilterBits ReadyQueue::match(std::uint32_t topic) const {
    FilterBits bits = 0;
    each_bit(used_, [&](std::size_t slot) {
        if (matcher_.matches(filters_[slot], topic))
            bits |= FilterBits{1} << slot;
    });
    return bits;
}

std::uint32_t ReadyQueue::class_for(FilterBits bits) {
    if (bits == 0)
        return 0;
    std::uint32_t number = class_of_bits_.find(bits);
    if (number != FlatMap::none)
        return number;
    if (class_of_bits_.size() >= classes_max && std::popcount(bits) > 1) {
        is_coarse_ = true;
        const FilterBits best = (bits & live_) != 0 ? bits & live_ : bits;
        return class_for(best & (~best + 1));
    }
    return make_class(bits);
}

std::uint32_t ReadyQueue::make_class(FilterBits bits) {
    auto number = static_cast<std::uint32_t>(classes_.size());
    if (free_classes_.empty()) {
        classes_.emplace_back();
    } else {
        number = free_classes_.back();
        free_classes_.pop_back();
    }
    classes_[number].bits = bits;
    class_of_bits_.insert(bits, number);
    return number;
}

void ReadyQueue::leave_class(std::uint32_t number) {
    if (--classes_[number].topics != 0 || number == 0)
        return;
    class_of_bits_.erase(classes_[number].bits);
    classes_[number] = {};
    free_classes_.push_back(number);
}

EntryIndex ReadyQueue::first_of(const Queue &queue) const {
    return queue.early.empty() ? queue.fresh.first()
           : queue.fresh.empty() || queue.early.begin()->first < pool_[queue.fresh.first()].rank()
               ? queue.early.begin()->second
               : queue.fresh.first();
}

void ReadyQueue::show_first(std::uint32_t number, Lane lane) {
    const EntryIndex first = first_of(classes_[number].queues[at(lane)]);
    each_bit(classes_[number].bits & live_, [&](std::size_t slot) {
        if (first == nothing)
            heaps_[slot][at(lane)].remove(number);
        else
            heaps_[slot][at(lane)].set(number, pool_[first].rank());
    });
}

void ReadyQueue::put(EntryIndex index, Lane lane) {
    Entry &entry = pool_[index];
    const std::uint32_t number = topics_[entry.topic].its_class;
    Queue &queue = classes_[number].queues[at(lane)];
    ++sizes_[at(lane)];
    entry.place = EntryPlace::queued;
    const EntryIndex first = first_of(queue);
    // One that had to wait for its key is not the latest any more.
    entry.is_early =
        !entry.is_new || (!queue.fresh.empty() && entry.number < pool_[queue.fresh.last()].number);
    if (entry.is_early)
        queue.early.emplace(entry.rank(), index);
    else
        queue.fresh.push_back(pool_, index);
    if (first == nothing || entry.rank() < pool_[first].rank())
        show_first(number, lane);
}

void ReadyQueue::take(EntryIndex index, Lane lane) {
    Entry &entry = pool_[index];
    const std::uint32_t number = topics_[entry.topic].its_class;
    Queue &queue = classes_[number].queues[at(lane)];
    const bool was_first = first_of(queue) == index;
    --sizes_[at(lane)];
    entry.place = EntryPlace::nowhere;
    if (entry.is_early)
        queue.early.erase(entry.rank());
    else
        queue.fresh.remove(pool_, index);
    if (was_first)
        show_first(number, lane);
}

EntryIndex ReadyQueue::first(std::size_t slot, Lane lane) const {
    const ClassHeap &heap = heaps_[slot][at(lane)];
    return heap.empty() ? nothing : first_of(classes_[heap.first_class()].queues[at(lane)]);
}

} // namespace webrocket::group_state
