// What is behind EventLog: what appending, the thread `events` and reading share.
#pragma once

#include "event_log/event_log.h"
#include "event_log/log_batch.h"
#include "event_log/log_index.h"
#include "event_log/log_state.h"
#include "event_log/segment_files.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace webrocket {

class EventLog::Parts {
  public:
    Parts(const std::filesystem::path &directory, LogOptions options, LogVisitor &visitor);
    ~Parts();
    Parts(const Parts &) = delete;
    Parts &operator=(const Parts &) = delete;

    const std::string &epoch() const { return epoch_; }
    const LogStart &start() const { return start_; }
    LogAppended append(LogBatch &batch);
    std::uint64_t take_sequences(std::uint32_t count);
    std::size_t read(std::span<const std::uint64_t> sequences, const ReadSink &sink);
    void when_synced(LogPosition position, Synced done);
    bool is_failing() const { return is_failing_.load(std::memory_order_acquire); }
    std::string failure() const;
    LogFigures figures() const;

  private:
    using Clock = std::chrono::steady_clock;
    using Lock = std::unique_lock<std::mutex>;
    static constexpr Clock::time_point never = Clock::time_point::max();

    struct Waiter {
        LogPosition position;
        Synced done;
    };
    struct Failure {
        std::string text;
        int error = 0;
        Clock::time_point retry_at;
    };
    // A file for the time when the current one is full.
    struct Prepared {
        std::uint64_t number = 0; // 0: there is none
        std::shared_ptr<LogFile> file;
    };
    // Of a file, what is not on the disk for certain.
    struct Unsynced {
        Segment *segment;
        std::shared_ptr<LogFile> file;
        std::uint64_t from;
        std::uint64_t to;
    };

    // Starting and stopping (event_log_start.cpp).
    void recover(LogVisitor &visitor);
    void begin(const LogState::Content &before, LogState::Loaded loaded);
    int begin_files();
    void stop();

    // Appending (event_log_append.cpp).
    LogAppended write(LogBatch &batch);
    int write_to_current(LogBatch &batch, std::string_view &what);
    int make_room(std::size_t size);
    int roll();
    SegmentHead head_of(std::uint64_t number) const;
    std::unique_ptr<Segment> make_segment(const SegmentHead &head,
                                          std::shared_ptr<LogFile> file) const;
    LogAppended refuse(const LogBatch &batch);
    void take_in(Segment &segment, const LogBatch &batch, std::uint64_t offset);
    bool note_unsynced();
    void fail(int error, std::string_view what);

    std::int64_t now_ms() const;

    // The thread (event_log_thread.cpp).
    void run();
    bool is_due(Clock::time_point now) const;
    Clock::time_point next_look() const;
    bool is_sync_due(Clock::time_point now) const;
    void sync(Lock &lock);
    std::vector<Unsynced> unsynced() const;
    int sync_files(const std::vector<Unsynced> &files) const;
    void tell_waiters(Lock &lock, bool is_failed);
    void trim(Lock &lock);
    void take_care(Lock &lock);
    void prepare(Lock &lock);
    void reserve_ahead(Lock &lock);
    void remove_settled(Lock &lock);
    bool may_remove_front(Lock &lock);

    // Copying to the end (event_log_copy.cpp).
    bool is_copying_due() const;
    void copy_front(Lock &lock);
    void carry_over(const Segment &segment, std::string_view bytes, std::uint64_t offset,
                    bool with_all, LogBatch &batch, std::uint64_t &end) const;
    void carry_over_event(const Segment &segment, const RecordHead &head, std::uint64_t offset,
                          bool with_all, LogBatch &batch) const;
    void carry_over_key(const LogKey &key, LogBatch &batch) const;
    void try_again(Lock &lock);
    void note_failure(int error);
    int make_fresh(Lock &lock, LogBatch &saved, std::unique_ptr<Segment> &made);
    void save_unsynced(Lock &lock, LogBatch &saved);
    void go_on(Lock &lock, std::unique_ptr<Segment> made, const LogBatch &saved);
    bool write_unwritten(Segment &segment);

    const LogOptions options_;
    LogFiles &files_;
    const SegmentFiles segment_files_;
    LogState state_;
    std::string epoch_;
    LogStart start_;

    // Held by who writes to the log, over the write: its order is that of SEQs and of the disk.
    std::mutex writing_;
    Segment *current_ = nullptr;      // changed with both locks
    std::uint64_t next_sequence_ = 1; // changed with both while the disk fails

    // For all that is below. Never held over I/O.
    mutable std::mutex mutex_;
    LogIndex index_;
    std::uint64_t next_file_ = 1;
    LogPosition appended_ = 0;
    LogPosition synced_ = 0;
    Clock::time_point unsynced_since_ = never;
    Clock::time_point care_at_ = never; // files are to be prepared, removed, copied
    Clock::time_point prepare_after_;
    std::vector<Waiter> waiters_;
    Prepared prepared_;
    bool is_directory_unsynced_ = false; // it has a new file
    LogBatch unwritten_;
    Failure failure_;
    std::atomic<bool> is_failing_{false}; // changed with the lock
    bool is_ending_ = false;
    std::uint64_t syncs_ = 0;
    std::uint64_t sync_microseconds_ = 0;
    std::uint64_t failures_ = 0;
    std::uint64_t copied_records_ = 0;

    std::condition_variable wake_;
    std::thread thread_;
};

} // namespace webrocket
