#include "event_log/event_log.h"

#include "event_log/event_log_parts.h"
#include "event_log/record_reader.h"

namespace webrocket {
namespace {

// Encoding begins before the lock: each thread has its own.
LogBatch &batch_of_thread() {
    thread_local LogBatch batch;
    batch.clear();
    return batch;
}

} // namespace

EventLog::EventLog(const std::filesystem::path &directory, LogOptions options, LogVisitor &visitor)
    : parts_(std::make_unique<Parts>(directory, std::move(options), visitor)) {}

EventLog::~EventLog() = default;

const std::string &EventLog::epoch() const { return parts_->epoch(); }

const LogStart &EventLog::start() const { return parts_->start(); }

LogAppended EventLog::append(std::span<const LogEntry> entries) {
    LogBatch &batch = batch_of_thread();
    for (const LogEntry &entry : entries)
        batch.add(entry);
    return parts_->append(batch);
}

void EventLog::remove_group(std::uint32_t group) {
    LogBatch &batch = batch_of_thread();
    batch.add_removed_group(group);
    parts_->append(batch);
}

std::uint64_t EventLog::take_sequences(std::uint32_t count) {
    return parts_->take_sequences(count);
}

std::size_t EventLog::read(std::span<const std::uint64_t> sequences, const ReadSink &sink) {
    return parts_->read(sequences, sink);
}

void EventLog::when_synced(LogPosition position, Synced done) {
    parts_->when_synced(position, std::move(done));
}

bool EventLog::is_failing() const { return parts_->is_failing(); }

std::string EventLog::failure() const { return parts_->failure(); }

LogFigures EventLog::figures() const { return parts_->figures(); }

std::size_t EventLog::Parts::read(std::span<const std::uint64_t> sequences, const ReadSink &sink) {
    std::vector<RecordPlace> places(sequences.size());
    std::vector<std::shared_ptr<LogFile>> files; // that stay open over the reading
    {
        const std::lock_guard lock(mutex_);
        std::optional<LogIndex::Place> found;
        for (std::size_t i = 0; i < sequences.size(); ++i) {
            found = index_.find(sequences[i], found ? &*found : nullptr);
            if (!found)
                continue;
            const auto &[segment, slot] = *found;
            places[i] = {segment->file.get(), segment->number, slot->offset, slot->size};
            if (files.empty() || files.back() != segment->file)
                files.push_back(segment->file);
        }
    }
    std::size_t count = 0;
    read_records(places, [&](std::size_t index, std::string_view record) {
        const auto head = read_head(record);
        LogEvent event;
        if (!head || head->kind != RecordKind::event || !read_event(*head, event))
            return;
        event.groups = {};
        ++count;
        sink(index, event);
    });
    return count;
}

} // namespace webrocket
