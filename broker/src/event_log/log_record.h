// How the event log's records and the heads of its files look on the disk.
//
// A record: u32 size | u32 checksum | u8 kind | body. The size is that of kind and body. The
// checksum is seeded with the number of the file and the place in it: what an older file left in a
// block is no record.
// The body of an event or a gap: u64 SEQ | u8 k | k times u32 group | the rest.
#pragma once

#include "event_log/log_entry.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

enum class RecordKind : std::uint8_t {
    event = 1,
    gap = 2,
    settled = 3,
    attempts = 4,
    key = 5,
    removed_group = 6,
};

inline constexpr std::size_t record_head_size = 9; // size, checksum, kind
// An event that more groups want has several records.
inline constexpr std::size_t groups_per_record = 32;

// What the index has to know of a record, and where the rest is.
struct RecordHead {
    RecordKind kind{};
    bool is_again = false; // it was written before: this is the place of its groups from now on
    std::uint64_t sequence = 0; // of an event or a gap
    std::uint8_t group_count = 0;
    std::array<std::uint32_t, groups_per_record> group_numbers;
    std::string_view rest; // of the body

    std::span<const std::uint32_t> groups() const {
        return std::span(group_numbers).first(group_count);
    }
};

std::uint32_t record_checksum(std::uint64_t file, std::uint64_t offset, std::string_view record);

// The size of the record at the front of `bytes`, which are at `offset` of the file; 0 where there
// is no whole and right one.
std::size_t record_size(std::string_view bytes, std::uint64_t file, std::uint64_t offset);

// Of a whole record, from its size on. Nothing: it is none that this broker knows.
std::optional<RecordHead> read_head(std::string_view record);

// The rest of a record, by its kind; `event.groups` are those of the head. False: it is none.
bool read_event(const RecordHead &head, LogEvent &event);
bool has_reference(const RecordHead &event);
bool has_key(const RecordHead &event);
bool read_gap(const RecordHead &head, LogGap &gap);
bool read_key(std::string_view rest, LogKey &key);

struct SettledRecord {
    std::uint32_t group = 0;
    std::vector<LogRun> runs;
};
bool read_settled(std::string_view rest, SettledRecord &settled);

struct AttemptsRecord {
    std::uint32_t group = 0;
    std::uint32_t number = 0;
    std::uint32_t counted = 0;
    std::uint8_t reason = 0;
    std::int64_t aged_from_ms = 0;
    std::int64_t ready_ms = 0;
    std::vector<LogRun> runs;
};
bool read_attempts(std::string_view rest, AttemptsRecord &attempts);
bool read_removed_group(std::string_view rest, std::uint32_t &group);

// Bodies, kind included.
void write_event(std::string &out, const LogEvent &event, std::span<const std::uint32_t> groups);
void write_gap(std::string &out, const LogGap &gap);
void write_settled(std::string &out, const LogSettled &settled);
void write_attempts(std::string &out, const LogAttempts &attempts);
void write_key(std::string &out, const LogKey &key);
void write_removed_group(std::string &out, std::uint32_t group);
// The same event or gap for these of its groups.
void write_again(std::string &out, const RecordHead &head, std::span<const std::uint32_t> groups);

inline constexpr std::size_t sequence_place = record_head_size; // of the SEQ, in a record

// What a file begins with.
struct SegmentHead {
    static constexpr std::size_t size = 80;

    std::uint64_t number = 0;
    std::uint64_t previous = 0;       // the number of the file before it; 0: none
    std::uint64_t previous_end = 0;   // what is behind that in the file before was never taken
    std::uint64_t first_sequence = 0; // what it has for the first time is not below
    // Everything before that place was on the disk when the file was begun.
    std::uint64_t synced_number = 0;
    std::uint64_t synced_end = 0;
    // After a failure: what was written behind that place is in this file again.
    bool has_rest = false;
};

std::string write_segment_head(const SegmentHead &head);
std::optional<SegmentHead> read_segment_head(std::string_view bytes);

} // namespace webrocket
