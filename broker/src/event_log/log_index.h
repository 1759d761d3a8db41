// What is in the event log's files and who still waits for it: in memory, made of the records as
// they are written, and as they are read at the start.
#pragma once

#include "event_log/log_record.h"
#include "event_log/segment.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace webrocket {

// Has no lock and no I/O.
class LogIndex {
  public:
    struct Attempt {
        std::uint32_t number;
        std::uint32_t counted;
        std::uint8_t reason;
        std::int64_t aged_from_ms;
        std::int64_t ready_ms;
    };
    struct Place {
        const Segment *segment;
        const Slot *slot;
    };

    // Behind all others.
    Segment &add_segment(std::unique_ptr<Segment> segment);
    void remove_front() { segments_.pop_front(); }
    const std::deque<std::unique_ptr<Segment>> &segments() const { return segments_; }

    // A record at `offset` of the segment. False: it cannot be one of this log.
    bool apply(Segment &segment, std::string_view record, std::uint64_t offset);
    // One that is nowhere yet, and is no event, gap or key.
    void apply_unwritten(std::string_view record);

    // Where it can be read, if a group waits for it. `near`: the place of one that may be just
    // before it.
    std::optional<Place> find(std::uint64_t sequence, const Place *near = nullptr) const;
    // Which of the groups of the record at `offset` still wait for it there.
    std::vector<std::uint32_t> waiting(const Segment &segment, const RecordHead &head,
                                       std::uint64_t offset) const;
    std::vector<std::uint32_t> waiting(const Place &place) const;
    std::optional<Attempt> attempt(std::uint32_t group, std::uint64_t sequence) const;

    // Everything that a group waits for, by SEQ.
    std::vector<Place> live() const;

    std::uint64_t live_bytes() const { return live_bytes_; }
    std::uint64_t live_slots() const { return live_slots_; }
    std::uint64_t last_sequence() const { return last_sequence_; } // the highest there was
    // Of the keys in files that have younger ones than that.
    std::uint64_t key_bytes(std::int64_t from) const;
    std::uint64_t used_bytes() const; // of all files
    std::uint64_t file_bytes() const; // likewise, with what is empty

  private:
    struct AgainPlace {
        Segment *segment;
        std::size_t index;
    };
    using AgainPlaces = std::multimap<std::uint64_t, AgainPlace>; // by SEQ; live ones
    using Attempts = std::map<std::pair<std::uint32_t, std::uint64_t>, Attempt>; // group, SEQ

    bool apply_slot(Segment &segment, const RecordHead &head, const Slot &place);
    bool note_contents(Segment &segment, const RecordHead &head);
    void apply_attempts(const AttemptsRecord &attempts);
    void settle(std::uint32_t group, const LogRun &run);
    void remove_group(std::uint32_t group);
    void take_from_earlier(const RecordHead &head);
    // Calls found(segment, slot, bit) for each slot in the run that the group waits for.
    template <typename Found>
    void for_each_waiting(std::uint32_t group, const LogRun &run, const Found &found);
    void release(Segment &segment, Slot &slot, std::uint32_t bits);
    std::size_t segment_of(std::uint64_t sequence) const;
    static std::uint32_t set_number(Segment &segment, std::span<const std::uint32_t> groups);

    std::deque<std::unique_ptr<Segment>> segments_;
    AgainPlaces again_places_;
    Attempts attempts_;
    std::unordered_set<std::uint32_t> removed_groups_;
    std::uint64_t live_bytes_ = 0;
    std::uint64_t live_slots_ = 0;
    std::uint64_t last_sequence_ = 0;
};

} // namespace webrocket
