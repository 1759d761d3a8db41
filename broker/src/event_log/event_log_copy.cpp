// Copying events to the end of the log: those of the oldest file, so that it can go, and after a
// failure those that may not be on the disk.
#include "event_log/event_log_parts.h"

#include "event_log/log_bytes.h"

#include <algorithm>
#include <cerrno>
#include <string>

namespace webrocket {
namespace {

constexpr std::size_t copied_together = std::size_t{256} << 10;
constexpr std::size_t files_allowed = 16; // besides twice those that it takes

bool is_full(int error) { return error == ENOSPC || error == EDQUOT; }

// Reads whole records, at least one.
bool read_records_at(LogFile &file, std::uint64_t offset, std::uint64_t end, std::string &bytes) {
    const auto read = [&](std::uint64_t size) {
        return file.read(bytes, static_cast<std::size_t>(std::min(size, end - offset)), offset) &&
               bytes.size() >= record_head_size;
    };
    if (!read(copied_together))
        return false;
    const std::uint64_t first = std::uint64_t{load_number<std::uint32_t>(bytes.data())} + 8;
    return first <= bytes.size() || read(first);
}

} // namespace

// With mutex_, as all that follows.
bool EventLog::Parts::is_copying_due() const {
    const auto &segments = index_.segments();
    if (segments.size() < 2)
        return false;
    const Segment &front = *segments.front();
    const std::int64_t keys_from = now_ms() - options_.key_window.count();
    const bool is_wanted = front.live_slots > 0 || front.keys_until >= keys_from;
    if (!is_wanted || front.is_unreadable || front.copied_to == front.end)
        return false;
    const std::uint64_t used = index_.used_bytes();
    const std::uint64_t wanted = index_.live_bytes() + index_.key_bytes(keys_from);
    return used > 2 * wanted + options_.slack_bytes ||
           segments.size() > files_allowed + 2 * used / options_.segment_bytes;
}

void EventLog::Parts::copy_front(Lock &lock) {
    Segment &front = *index_.segments().front();
    std::string bytes;
    lock.unlock();
    const bool is_read = read_records_at(*front.file, front.copied_to, front.end, bytes);
    const std::lock_guard writer(writing_); // what is settled stays what it is, until it is written
    lock.lock();
    if (is_failing())
        return;
    LogBatch batch;
    std::uint64_t end = front.copied_to;
    if (is_read)
        carry_over(front, bytes, front.copied_to, false, batch, end);
    if (end == front.copied_to) {
        front.is_unreadable = true;
        return;
    }
    if (!batch.is_empty()) {
        lock.unlock();
        const bool is_done = write(batch).is_done;
        lock.lock();
        if (!is_done)
            return;
    }
    front.copied_to = end;
    front.copied_position = appended_;
    copied_records_ += batch.records().size();
}

// What is still wanted of the records in `bytes`, which are at `offset` of the segment; `end`: how
// far they could be read. `with_all`: also what says something of other events.
void EventLog::Parts::carry_over(const Segment &segment, std::string_view bytes,
                                 std::uint64_t offset, bool with_all, LogBatch &batch,
                                 std::uint64_t &end) const {
    end = offset;
    while (const std::size_t size = record_size(bytes.substr(end - offset), segment.number, end)) {
        const std::string_view record = bytes.substr(end - offset, size);
        const auto head = read_head(record);
        LogKey key;
        if (head->kind == RecordKind::event || head->kind == RecordKind::gap)
            carry_over_event(segment, *head, end, with_all, batch);
        else if (head->kind == RecordKind::key && read_key(head->rest, key))
            carry_over_key(key, batch);
        else if (with_all)
            batch.add_record(record);
        end += size;
    }
}

void EventLog::Parts::carry_over_event(const Segment &segment, const RecordHead &head,
                                       std::uint64_t offset, bool with_all, LogBatch &batch) const {
    const std::vector<std::uint32_t> groups = index_.waiting(segment, head, offset);
    if (groups.empty()) {
        LogEvent event;
        if (head.kind == RecordKind::event && has_key(head) && read_event(head, event))
            carry_over_key(*event.key, batch);
        return;
    }
    batch.add_again(head, groups);
    if (with_all)
        return;
    for (const std::uint32_t group : groups)
        if (const auto attempt = index_.attempt(group, head.sequence)) {
            const LogRun run{head.sequence, head.sequence};
            batch.add(LogAttempts{group,
                                  {&run, 1},
                                  attempt->number,
                                  attempt->counted,
                                  attempt->reason,
                                  attempt->aged_from_ms,
                                  attempt->ready_ms});
        }
}

void EventLog::Parts::carry_over_key(const LogKey &key, LogBatch &batch) const {
    if (key.time_ms >= now_ms() - options_.key_window.count())
        batch.add_key(key);
}

void EventLog::Parts::try_again(Lock &lock) {
    failure_.retry_at = Clock::now() + options_.retry_delay;
    const bool was_full = is_full(failure_.error);
    lock.unlock();
    if (was_full && files_.free_bytes(segment_files_.directory()) <
                        static_cast<std::int64_t>(options_.free_bytes_wanted)) {
        lock.lock();
        return;
    }
    { const std::lock_guard writer(writing_); } // who was writing when it failed has ended
    lock.lock();
    LogBatch saved;
    std::unique_ptr<Segment> made;
    if (const int error = make_fresh(lock, saved, made))
        note_failure(error);
    else
        go_on(lock, std::move(made), saved);
}

// The reason stays the one that it failed for first.
void EventLog::Parts::note_failure(int error) {
    ++failures_;
    failure_.error = error;
}

// A file behind all others that has what may not be on the disk. Nobody writes meanwhile.
int EventLog::Parts::make_fresh(Lock &lock, LogBatch &saved, std::unique_ptr<Segment> &made) {
    if (prepared_.number != 0)
        segment_files_.remove(std::exchange(prepared_, {}).number);
    save_unsynced(lock, saved);
    const std::uint64_t number = next_file_++;
    SegmentHead head = head_of(number);
    head.has_rest = true;
    lock.unlock();
    std::shared_ptr<LogFile> file;
    int error = state_.begin(epoch_, head.first_sequence + sequence_block);
    if (error == 0)
        error = segment_files_.create(number, options_.segment_bytes, file);
    if (error == 0 && (error = segment_files_.sync_directory()) != 0)
        segment_files_.remove(number);
    if (error == 0) {
        saved.seal(number, SegmentHead::size, 0);
        error = file->write(write_segment_head(head) + saved.bytes(), 0);
        if (error == 0 && files_.sync(file->descriptor()) != 0)
            error = errno;
        if (error != 0)
            segment_files_.remove(number);
        else
            made = make_segment(head, std::move(file));
    }
    lock.lock();
    return error;
}

void EventLog::Parts::save_unsynced(Lock &lock, LogBatch &saved) {
    std::string bytes;
    for (const Unsynced &file : unsynced()) {
        std::uint64_t at = file.from;
        while (at < file.to) {
            lock.unlock();
            const bool is_read = read_records_at(*file.file, at, file.to, bytes);
            lock.lock();
            const std::uint64_t before = at;
            if (is_read)
                carry_over(*file.segment, bytes, before, true, saved, at);
            if (at == before) {
                ++failures_; // lost, unless the file is read at the next start
                break;
            }
        }
    }
}

void EventLog::Parts::go_on(Lock &lock, std::unique_ptr<Segment> made, const LogBatch &saved) {
    lock.unlock();
    const std::lock_guard writer(writing_);
    lock.lock();
    for (const Unsynced &file : unsynced())
        file.segment->synced_end = file.to;
    current_ = &index_.add_segment(std::move(made));
    take_in(*current_, saved, SegmentHead::size);
    current_->synced_end = current_->end;
    synced_ = appended_;
    unsynced_since_ = never;
    if (!write_unwritten(*current_))
        return;
    care_at_ = Clock::now();
    is_failing_.store(false, std::memory_order_release);
}

// What was said while nothing could be written. It has had its effect, and has it again on what was
// copied.
bool EventLog::Parts::write_unwritten(Segment &segment) {
    unwritten_.seal(segment.number, segment.end, 0);
    if (const int error = segment.file->write(unwritten_.bytes(), segment.end)) {
        note_failure(error);
        return false;
    }
    take_in(segment, unwritten_, segment.end);
    unwritten_.clear();
    if (segment.synced_end != segment.end)
        unsynced_since_ = Clock::now();
    return true;
}

} // namespace webrocket
