// Appending to the event log, and what becomes of it while the disk fails.
#include "event_log/event_log_parts.h"

#include <algorithm>
#include <system_error>

namespace webrocket {
namespace {

constexpr std::size_t unwritten_max = std::size_t{16} << 20;
constexpr std::size_t batch_max = std::size_t{1} << 30; // places in a file have 32 bits

bool is_always_taken(RecordKind kind) {
    return kind == RecordKind::settled || kind == RecordKind::attempts ||
           kind == RecordKind::removed_group;
}

} // namespace

LogAppended EventLog::Parts::append(LogBatch &batch) {
    if (batch.size() > batch_max)
        return {false, 0, 0};
    for (;;) {
        if (is_failing()) {
            const std::lock_guard lock(mutex_);
            if (is_failing())
                return refuse(batch);
        }
        const std::lock_guard writer(writing_);
        if (!is_failing())
            return write(batch);
    }
}

// With writing_.
LogAppended EventLog::Parts::write(LogBatch &batch) {
    const std::uint64_t first = next_sequence_;
    std::string_view what;
    const int error = write_to_current(batch, what);
    // What was written in part may be found at the next start: these SEQs are used up.
    next_sequence_ += batch.sequences();
    bool is_first = false;
    LogPosition end = 0;
    {
        const std::lock_guard lock(mutex_);
        if (error != 0) {
            fail(error, what);
            wake_.notify_one();
            return refuse(batch);
        }
        take_in(*current_, batch, current_->end);
        end = appended_;
        is_first = note_unsynced();
    }
    if (is_first)
        wake_.notify_one();
    return {true, batch.sequences() == 0 ? 0 : first, end};
}

int EventLog::Parts::write_to_current(LogBatch &batch, std::string_view &what) {
    what = "no numbers for events can be reserved";
    // The thread reserves ahead, and may be waiting for the disk with it.
    const std::uint64_t last = next_sequence_ + batch.sequences() - 1;
    if (batch.sequences() > 0 && last > state_.reserved())
        if (const int error = state_.reserve(last))
            return error;
    what = "no further file can be made";
    if (const int error = make_room(batch.size()))
        return error;
    what = "a file cannot be written";
    batch.seal(current_->number, current_->end, next_sequence_);
    const int error = current_->file->write(batch.bytes(), current_->end);
    if (error != 0) // what nobody was told to be taken should not be found
        files_.truncate(current_->file->descriptor(), current_->end);
    return error;
}

int EventLog::Parts::make_room(std::size_t size) {
    const bool is_empty = current_->end == SegmentHead::size;
    return is_empty || current_->end + size <= options_.segment_bytes ? 0 : roll();
}

int EventLog::Parts::roll() {
    Prepared next;
    {
        const std::lock_guard lock(mutex_);
        std::swap(next, prepared_);
        if (next.number == 0)
            next.number = next_file_++;
    }
    const bool is_prepared = next.file != nullptr;
    if (!is_prepared)
        if (const int error = segment_files_.create(next.number, options_.segment_bytes, next.file))
            return error;
    SegmentHead head;
    {
        const std::lock_guard lock(mutex_);
        head = head_of(next.number);
    }
    if (const int error = next.file->write(write_segment_head(head), 0)) {
        segment_files_.remove(next.number);
        return error;
    }
    const std::lock_guard lock(mutex_);
    is_directory_unsynced_ = is_directory_unsynced_ || !is_prepared;
    current_ = &index_.add_segment(make_segment(head, next.file));
    care_at_ = Clock::now(); // for the next one to be prepared
    wake_.notify_one();
    return 0;
}

// With mutex_: of a file behind the last one.
SegmentHead EventLog::Parts::head_of(std::uint64_t number) const {
    SegmentHead head;
    head.number = number;
    head.first_sequence = next_sequence_;
    const auto &segments = index_.segments();
    if (segments.empty())
        return head;
    head.previous = segments.back()->number;
    head.previous_end = segments.back()->end;
    const auto is_unsynced = [](const auto &segment) { return segment->synced_end < segment->end; };
    const auto first = std::ranges::find_if(segments, is_unsynced);
    const Segment &synced = first == segments.end() ? *segments.back() : **first;
    head.synced_number = synced.number;
    head.synced_end = synced.synced_end;
    return head;
}

std::unique_ptr<Segment> EventLog::Parts::make_segment(const SegmentHead &head,
                                                       std::shared_ptr<LogFile> file) const {
    auto segment = std::make_unique<Segment>();
    segment->number = head.number;
    segment->first_sequence = head.first_sequence;
    segment->file = std::move(file);
    segment->end = SegmentHead::size;
    segment->allocated = options_.segment_bytes;
    return segment;
}

// With mutex_. What was written to the segment has its effect.
void EventLog::Parts::take_in(Segment &segment, const LogBatch &batch, std::uint64_t offset) {
    for (const LogBatch::Record &record : batch.records())
        index_.apply(segment, batch.bytes_of(record), offset + record.offset);
    segment.end = offset + batch.size();
    segment.allocated = std::max(segment.allocated, segment.end);
    appended_ += batch.size();
}

// With mutex_. Whether the thread has to be told.
bool EventLog::Parts::note_unsynced() {
    const bool is_first = unsynced_since_ == never;
    if (is_first)
        unsynced_since_ = Clock::now();
    return is_first;
}

// With mutex_. What is settled is settled, also if only the memory knows it.
LogAppended EventLog::Parts::refuse(const LogBatch &batch) {
    bool is_done = true;
    for (const LogBatch::Record &record : batch.records()) {
        if (!is_always_taken(record.kind)) {
            is_done = false;
            continue;
        }
        index_.apply_unwritten(batch.bytes_of(record));
        if (unwritten_.size() + record.size <= unwritten_max)
            unwritten_.add_record(batch.bytes_of(record));
    }
    return {is_done, 0, appended_};
}

// With mutex_.
void EventLog::Parts::fail(int error, std::string_view what) {
    ++failures_;
    failure_.text = std::string(what) + ": " + std::generic_category().message(error);
    failure_.error = error;
    failure_.retry_at = Clock::now() + options_.retry_delay;
    is_failing_.store(true, std::memory_order_release);
}

std::uint64_t EventLog::Parts::take_sequences(std::uint32_t count) {
    const std::lock_guard writer(writing_);
    const std::lock_guard lock(mutex_);
    const std::uint64_t first = next_sequence_;
    if (count == 0 || first + count - 1 > state_.reserved())
        return 0;
    next_sequence_ += count;
    return first;
}

void EventLog::Parts::when_synced(LogPosition position, Synced done) {
    bool is_on_disk = false;
    {
        const std::lock_guard lock(mutex_);
        is_on_disk = position <= synced_;
        if (!is_on_disk && !is_failing()) {
            waiters_.push_back({position, std::move(done)});
            return;
        }
    }
    done(is_on_disk);
}

std::string EventLog::Parts::failure() const {
    const std::lock_guard lock(mutex_);
    return is_failing() ? failure_.text : std::string();
}

LogFigures EventLog::Parts::figures() const {
    const std::lock_guard lock(mutex_);
    LogFigures figures{};
    figures.files = index_.segments().size();
    figures.file_bytes = index_.file_bytes() + (prepared_.number == 0 ? 0 : options_.segment_bytes);
    figures.live_bytes = index_.live_bytes();
    figures.live_events = index_.live_slots();
    figures.syncs = syncs_;
    figures.sync_microseconds = sync_microseconds_;
    figures.failures = failures_;
    figures.copied_records = copied_records_;
    figures.unwritten_bytes = unwritten_.size();
    return figures;
}

} // namespace webrocket
