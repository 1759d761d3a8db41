// One file of the event log, as the index knows it.
#pragma once

#include "event_log/log_files.h"
#include "event_log/log_record.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// An open file; closed by the last one who reads it.
class LogFile {
  public:
    LogFile(LogFiles &files, int descriptor) : files_(files), descriptor_(descriptor) {}
    ~LogFile() { files_.close(descriptor_); }
    LogFile(const LogFile &) = delete;
    LogFile &operator=(const LogFile &) = delete;

    int descriptor() const { return descriptor_; }
    // All of it, or an error number.
    int write(std::string_view bytes, std::uint64_t offset);
    // Up to so much, fewer at the end of the file. False: it cannot be read.
    bool read(std::string &bytes, std::size_t size, std::uint64_t offset);
    std::optional<std::size_t> read(char *bytes, std::size_t size, std::uint64_t offset);

  private:
    LogFiles &files_;
    int descriptor_;
};

// Where an event or a gap is, and which of its groups still wait for it.
struct Slot {
    std::uint64_t sequence;
    std::uint32_t offset;
    std::uint32_t size;
    std::uint32_t set;  // of groups: Segment::sets
    std::uint32_t live; // a bit for each of these
};

struct Segment {
    using GroupSet = std::vector<std::uint32_t>;

    std::uint64_t number = 0;
    std::uint64_t first_sequence = 0;
    std::shared_ptr<LogFile> file;
    std::uint64_t end = 0;        // of what was taken
    std::uint64_t synced_end = 0; // of what is on the disk for certain
    std::uint64_t allocated = 0;  // the size of the file

    std::vector<Slot> own;   // what was new, by SEQ
    std::vector<Slot> again; // what was in an earlier place before
    std::vector<GroupSet> sets;
    std::map<GroupSet, std::uint32_t, std::less<>> set_numbers;
    std::size_t live_slots = 0;

    std::int64_t keys_until = std::numeric_limits<std::int64_t>::min(); // the latest key's time
    std::uint64_t key_bytes = 0;
    bool has_references = false;

    // Of copying what is live in it to the end of the log.
    std::uint64_t copied_to = SegmentHead::size;
    std::uint64_t copied_position = 0; // of the log: has to be synced before the file may go
    bool is_unreadable = false;
};

} // namespace webrocket
