// Reading the event log at the start: which files belong to it, what is in them, where they end.
#pragma once

#include "event_log/event_log.h"
#include "event_log/log_index.h"
#include "event_log/log_state.h"
#include "event_log/segment_files.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

class LogRecovery {
  public:
    // `keys_from`: keys that are older are not told.
    LogRecovery(const SegmentFiles &segment_files, LogFiles &files, LogIndex &index,
                LogVisitor &visitor, std::int64_t keys_from)
        : segment_files_(segment_files), files_(files), index_(index), visitor_(visitor),
          keys_from_(keys_from) {}

    // Reads the files into the index, and tells the visitor of keys and references.
    void read_files(const LogState::Content &state);
    // Tells of what is waited for.
    void visit_waiting();
    // Writes down what is not there, so that later starts do not miss it: damage, once the new
    // epoch is written, and what was not synced when the power was cut. Where that fails, the next
    // start finds damage.
    void mend();

    bool found_files() const { return last_number_ != 0; }
    std::uint64_t last_number() const { return last_number_; } // of any file that was there
    const std::vector<LogDamage> &damage() const { return damage_; }

  private:
    struct Found {
        std::uint64_t number = 0;
        std::shared_ptr<LogFile> file;
        std::optional<SegmentHead> head;
        bool is_unused = false; // prepared, and nothing was written to it
    };

    Found look_at(std::uint64_t number) const;
    // Those that follow one another, the first one first.
    std::vector<Found> find_chain();
    void read_file(const Found &found, std::span<const Found> later);
    void scan(Segment &segment, std::string_view bytes);
    void tell(std::string_view record);
    // What later files say of what is before them is held against that.
    void check_before(std::span<const Found> from);
    static std::uint64_t needed_end(std::span<const Found> from);
    bool is_lost(std::uint64_t number) const;
    void check_stop(const LogState::Content &state);
    void note_damage(std::uint64_t file, std::uint64_t next_sequence);
    void visit(std::span<const LogIndex::Place> places);
    void visit_slot(std::string_view record, std::span<const LogIndex::Place> places);

    const SegmentFiles &segment_files_;
    LogFiles &files_;
    LogIndex &index_;
    LogVisitor &visitor_;
    std::int64_t keys_from_;
    std::uint64_t last_number_ = 0;
    std::vector<SegmentHead> heads_; // of the index's segments
    std::vector<Found> lost_files_;  // whose heads cannot be read; the last one first
    std::vector<LogDamage> damage_;
};

} // namespace webrocket
