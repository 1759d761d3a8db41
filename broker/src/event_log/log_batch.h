// The records of one append, in one piece.
#pragma once

#include "event_log/log_record.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

class LogBatch {
  public:
    struct Record {
        std::size_t offset; // in bytes()
        std::size_t size;
        RecordKind kind;
        bool takes_sequence;  // the next one
        bool shares_sequence; // that of the record before it
    };

    void clear();
    void add(const LogEntry &entry);
    void add_removed_group(std::uint32_t group);
    void add_again(const RecordHead &head, std::span<const std::uint32_t> groups);
    void add_key(const LogKey &key);
    // Of another batch or file, as it is.
    void add_record(std::string_view record);

    bool is_empty() const { return records_.empty(); }
    std::size_t size() const { return bytes_.size(); }
    std::uint64_t sequences() const { return sequences_; } // that it takes
    const std::vector<Record> &records() const { return records_; }
    const std::string &bytes() const { return bytes_; }
    std::string_view bytes_of(const Record &record) const {
        return std::string_view(bytes_).substr(record.offset, record.size);
    }

    // Puts in what is known only now: the SEQs, from `first` on, and the checksums for that file
    // and place. May be done again for another.
    void seal(std::uint64_t file, std::uint64_t offset, std::uint64_t first);

  private:
    void add_event(const LogEvent &event);
    template <typename Write>
    void add_body(RecordKind kind, bool takes_sequence, bool shares_sequence, const Write &write);

    std::string bytes_;
    std::vector<Record> records_;
    std::uint64_t sequences_ = 0;
};

} // namespace webrocket
