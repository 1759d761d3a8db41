// What is ready, by who may have it: topics that match the same filters are one class, a queue of
// its own. For each filter a heap says which of its classes has the next one.
#pragma once

#include "delivery/entry.h"
#include "delivery/flat_map.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace webrocket {

class TopicMatcher;

} // namespace webrocket

namespace webrocket::group_state {

// Filters have slots, one bit each.
using FilterBits = std::uint64_t;
inline constexpr std::size_t filter_slots = 64;

// Two queues in one: what is handed out in company, and what is handed out alone.
enum class Lane : std::uint8_t { common, alone };

// Classes by the rank of their first entry.
class ClassHeap {
  public:
    void set(std::uint32_t topic_class, std::uint64_t rank);
    void remove(std::uint32_t topic_class);
    void clear();
    bool empty() const { return heap_.empty(); }
    std::uint32_t first_class() const { return heap_.front().topic_class; }
    std::uint64_t first_rank() const { return heap_.front().rank; }

  private:
    struct Node {
        std::uint64_t rank;
        std::uint32_t topic_class;
    };

    void place(std::size_t at, Node node);
    void up(std::size_t at, Node node);
    void down(std::size_t at, Node node);

    std::vector<Node> heap_;
    std::vector<std::uint32_t> position_; // by class
};

class ReadyQueue {
  public:
    ReadyQueue(EntryPool &pool, const TopicMatcher &matcher);

    // The filters in use. A filter that is new here: reclassify() is owed.
    void use_slot(std::size_t slot, std::uint32_t filter);
    void leave_slot(std::size_t slot);
    // Those with members: only they have a heap.
    void set_live(FilterBits live);
    FilterBits live() const { return live_; }
    // Those that make an event matched. While there is no member they stay as they were.
    void set_matching(FilterBits matching) { matching_ = matching; }
    FilterBits matching() const { return matching_; }
    // Some topics are in a class that fewer filters match than match them: reclassify() when others
    // are live.
    bool is_coarse() const { return is_coarse_; }
    // Takes everything out: for reclassify(), and then put().
    void empty();
    // Asks for each topic anew which filters match.
    void reclassify();

    // An event has the topic, or has it no longer.
    void add_topic(std::uint32_t topic);
    void remove_topic(std::uint32_t topic);
    // It waits, or does not any more, wherever it is: for the figure of what is unmatched.
    void count_waiting(std::uint32_t topic, std::int64_t more);
    bool is_matched(std::uint32_t topic) const { return (bits(topic) & matching_) != 0; }
    bool is_matched_by(std::uint32_t topic, std::size_t slot) const {
        return (bits(topic) >> slot & 1U) != 0;
    }
    FilterBits bits(std::uint32_t topic) const { return classes_[topics_[topic].its_class].bits; }
    std::uint64_t unmatched() const;

    void put(EntryIndex index, Lane lane);
    void take(EntryIndex index, Lane lane);
    // `nothing` if there is none.
    EntryIndex first(std::size_t slot, Lane lane) const;
    bool has(std::size_t slot, Lane lane) const { return !heaps_[slot][at(lane)].empty(); }
    std::uint64_t first_rank(std::size_t slot, Lane lane) const {
        return heaps_[slot][at(lane)].first_rank();
    }
    std::uint64_t size(Lane lane) const { return sizes_[at(lane)]; }

  private:
    struct Queue {
        Line fresh;                                // in the order they came in
        std::map<std::uint64_t, EntryIndex> early; // others, by rank
    };
    struct TopicClass {
        FilterBits bits = 0;
        std::uint32_t topics = 0;
        std::uint64_t waiting = 0;
        std::array<Queue, 2> queues;
    };
    struct Topic {
        std::uint32_t events = 0;
        std::uint32_t its_class = 0;
        std::uint64_t waiting = 0;
    };

    static constexpr std::size_t at(Lane lane) { return static_cast<std::size_t>(lane); }
    FilterBits match(std::uint32_t topic) const;
    std::uint32_t class_for(FilterBits bits);
    std::uint32_t make_class(FilterBits bits);
    void leave_class(std::uint32_t number);
    EntryIndex first_of(const Queue &queue) const;
    void show_first(std::uint32_t number, Lane lane);
    void fill_heaps(std::size_t slot);

    EntryPool &pool_;
    const TopicMatcher &matcher_;
    std::array<std::uint32_t, filter_slots> filters_{};
    FilterBits used_ = 0;
    FilterBits live_ = 0;
    FilterBits matching_ = 0;
    bool is_coarse_ = false;
    std::vector<Topic> topics_;
    std::size_t topics_in_use_ = 0;
    std::vector<TopicClass> classes_; // the first: that which nothing matches
    std::vector<std::uint32_t> free_classes_;
    FlatMap class_of_bits_;
    std::array<std::array<ClassHeap, 2>, filter_slots> heaps_;
    std::array<std::uint64_t, 2> sizes_{};
};

} // namespace webrocket::group_state
