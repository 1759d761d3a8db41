// The append-only log of all events that groups wait for: segments of 16 MiB in a directory of
// their own, each record with a checksum. It knows no filters, no bounds and no names.
//
// Every event and every gap takes a SEQ of one counter, in the order on disk. A SEQ is never given
// twice, not even after a power cut: SEQs are reserved in blocks, and a start that follows no clean
// stop goes on in the next block.
//
// It writes no line for people: who uses it does.
//
// One thread of the log's own (`events`) syncs, prepares and removes files, and looks whether a
// disk that failed works again.
#pragma once

#include "event_log/log_entry.h"
#include "event_log/log_files.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace webrocket {

enum class Durability : std::uint8_t {
    batch, // written when append() returns, synced within 50 ms: a killed process loses nothing
    full,  // synced as soon as the one before is: whoever needs it waits by when_synced()
};

struct LogOptions {
    Durability durability = Durability::batch;
    std::uint64_t segment_bytes = std::uint64_t{16} << 20;
    // More in files than twice what is live and this much: live events of the oldest file are
    // copied to the end, so that it can go.
    std::uint64_t slack_bytes = std::uint64_t{64} << 20;
    std::uint64_t free_bytes_wanted = std::uint64_t{64} << 20; // before a full disk is tried again
    std::chrono::milliseconds sync_delay{50};
    std::chrono::milliseconds retry_delay{1000}; // of a disk that fails
    std::chrono::milliseconds key_window{std::chrono::minutes{5}};
    // Called on the log's thread, with no lock held, before a file goes that had events with a
    // `ref`: whoever remembers those for longer than their groups writes them down now. False, and
    // the file stays for the time being.
    std::function<bool()> before_removal;
    LogFiles *files = nullptr; // null: the system's
    // Milliseconds since 1970, for the age of keys; empty: the system's clock.
    std::function<std::int64_t()> now;
};

// How often a group gave an event out before.
struct RecoveredAttempt {
    std::uint32_t group;
    std::uint32_t number;
    std::uint32_t counted;
    std::uint8_t reason;
    std::int64_t aged_from_ms;
    std::int64_t ready_ms;
};

// Is told at the start what the log has. Texts are good for the length of the call.
class LogVisitor {
  public:
    // What at least one group has not settled: events and gaps in the order of SEQ, each once,
    // after all keys and references. `groups` are those that have not settled it; `attempts` is of
    // some of them.
    virtual void event(const LogEvent &event, std::span<const RecoveredAttempt> attempts) = 0;
    virtual void gap(const LogGap &gap) = 0;
    // Each key younger than its window, also that of an event that is settled; perhaps twice.
    virtual void key(const LogKey &key) = 0;
    // Each event with a `ref` that is still in a file, settled or not, with all the groups that it
    // was written for; in any order, perhaps twice.
    virtual void reference(const LogEvent &event) = 0;

  protected:
    ~LogVisitor() = default;
};

// A part of an earlier file that cannot be read: events with a SEQ between these, both included,
// may be lost. Not a torn tail.
struct LogDamage {
    std::uint64_t file;
    LogRun lost;
};

// How the log was found.
struct LogStart {
    bool is_new = false;              // there was none
    bool is_clean = false;            // the last stop was in good order: nothing is missing
    bool has_machine_started = false; // not clean, and the machine has started since: what was
                                      // written and not synced may be lost
    std::uint64_t last_sequence = 0;  // the highest one found; 0: none
    std::uint64_t reserved = 0;       // the highest that may have been given out before this start.
                                      // New ones are above it
    std::vector<LogDamage> damage;    // if any, the epoch is a new one
};

// A place in the log, growing. What is synced up to it is on the disk.
using LogPosition = std::uint64_t;

struct LogAppended {
    bool is_done; // false: the disk fails, nothing of it has an effect but what append() says
    std::uint64_t first; // SEQ of the first event or gap; the others follow one by one
    LogPosition end;     // for when_synced()
};

struct LogFigures {
    std::uint64_t files;
    std::uint64_t file_bytes;  // on the disk
    std::uint64_t live_bytes;  // of these, of events and gaps that a group waits for
    std::uint64_t live_events; // and how many
    std::uint64_t syncs;
    std::uint64_t sync_microseconds; // all together
    std::uint64_t failures;          // writes and syncs that failed
    std::uint64_t copied_records;    // to the end of the log, so that files can go
    std::uint64_t unwritten_bytes;   // of what could not be written yet and is kept in memory
};

class EventLog {
  public:
    // Makes the directory (mode 0700) if need be, reads what is there, and starts the thread.
    // The directory is in a storage directory that is locked. Throws std::runtime_error with a
    // message for the operator where it cannot be read or written at all.
    EventLog(const std::filesystem::path &directory, LogOptions options, LogVisitor &visitor);
    // Syncs, and leaves the mark of a clean stop, unless the disk fails.
    ~EventLog();
    EventLog(const EventLog &) = delete;
    EventLog &operator=(const EventLog &) = delete;

    // 8 of [a-z0-9]; together with a SEQ an event's id.
    const std::string &epoch() const;
    const LogStart &start() const;

    // Any thread; the disk (its cache) is written to within the call, by one thread at a time and
    // in one piece. The order of SEQs is that on the disk.
    // While the disk fails: a batch with an event, a gap or a key is refused: neither these have an
    // effect. What is settled, attempts and removals are always taken; they wait in memory (up to
    // 16 MiB; beyond that they are forgotten, and a restart hands these events over again) and are
    // written first once the disk works. So a batch should not mix the two.
    LogAppended append(std::span<const LogEntry> entries);

    // SEQs for events that are not written, from what is reserved; 0 if there are not that many.
    // For events that go to members from memory while the disk fails.
    std::uint64_t take_sequences(std::uint32_t count);

    // A group is gone: it waits for nothing any more, also not for what is appended for it later.
    // Numbers are not to be used again. Also for groups that a recovered event names and nobody
    // knows.
    void remove_group(std::uint32_t group);

    // Hands over the events that are asked for by SEQ, in that order: `index` is the place among
    // them. Neighbours are read together, up to 1 MiB. Those that are settled by all, unreadable,
    // or gaps are left out. The texts are good for the length of the call; `groups` is empty.
    // Any thread; waits for the disk, not for who appends. Returns how many there were.
    using ReadSink = std::function<void(std::size_t index, const LogEvent &event)>;
    std::size_t read(std::span<const std::uint64_t> sequences, const ReadSink &sink);

    // Calls `done` once, with whether everything before `position` is on the disk: in this call if
    // that is known, else on the log's thread. `done` must not throw and not call the log but for
    // append(), take_sequences() and when_synced(). With false it never will be: the events were
    // written, and may be found at the next start, unless the caller settles them (which it should
    // if it refuses them).
    using Synced = std::function<void(bool is_on_disk)>;
    void when_synced(LogPosition position, Synced done);

    // One look, without a lock: events are refused.
    bool is_failing() const;
    // Why, for people; empty if it does not.
    std::string failure() const;

    LogFigures figures() const;

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

} // namespace webrocket
