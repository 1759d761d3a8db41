#include "event_log/log_recovery.h"

#include "event_log/record_reader.h"

#include <algorithm>

namespace webrocket {
namespace {

constexpr std::size_t visited_together = 4096;
constexpr std::size_t careful_step = std::size_t{64} << 10;

// As much from the front as can be read.
void read_front(LogFile &file, std::string &bytes, std::uint64_t size) {
    if (file.read(bytes, static_cast<std::size_t>(size), 0))
        return;
    bytes.clear();
    std::string piece;
    while (bytes.size() < size && file.read(piece, careful_step, bytes.size()) && !piece.empty())
        bytes += piece;
}

} // namespace

void LogRecovery::read_files(const LogState::Content &state) {
    const std::vector<Found> chain = find_chain();
    for (std::size_t i = 0; i < chain.size(); ++i) {
        check_before(std::span(chain).subspan(i));
        read_file(chain[i], std::span(chain).subspan(i + 1));
    }
    check_stop(state);
}

LogRecovery::Found LogRecovery::look_at(std::uint64_t number) const {
    Found found;
    found.number = number;
    found.file = segment_files_.open(number);
    std::string bytes;
    if (!found.file || !found.file->read(bytes, SegmentHead::size, 0))
        return found;
    found.head = read_segment_head(bytes);
    if (found.head && found.head->number != number)
        found.head.reset();
    found.is_unused = std::ranges::all_of(bytes, [](char c) { return c == '\0'; });
    return found;
}

std::vector<LogRecovery::Found> LogRecovery::find_chain() {
    std::vector<std::uint64_t> numbers = segment_files_.numbers();
    std::vector<Found> chain;
    if (!numbers.empty())
        last_number_ = numbers.back();
    for (; !numbers.empty(); numbers.pop_back()) {
        Found found = look_at(numbers.back());
        // What no later file names was prepared and not used, or given up when a disk failed.
        const bool is_named = chain.empty() || found.number <= chain.back().head->previous;
        if (!is_named || (chain.empty() && found.is_unused))
            segment_files_.remove(found.number);
        else if (found.head)
            chain.push_back(std::move(found));
        else
            lost_files_.push_back(std::move(found));
    }
    std::ranges::reverse(chain);
    return chain;
}

bool LogRecovery::is_lost(std::uint64_t number) const {
    return std::ranges::any_of(lost_files_,
                               [&](const Found &found) { return found.number == number; });
}

// How much of the file before the first of these was on the disk for certain, and is nowhere else.
std::uint64_t LogRecovery::needed_end(std::span<const Found> from) {
    const std::uint64_t number = from.front().head->previous;
    const std::uint64_t end = from.front().head->previous_end;
    const auto of_file = [&](std::uint64_t at_number, std::uint64_t at_end) {
        return number < at_number ? end : number == at_number ? std::min(end, at_end) : 0;
    };
    std::uint64_t needed = 0;
    for (const Found &found : from)
        needed = std::max(needed, of_file(found.head->synced_number, found.head->synced_end));
    for (const Found &found : from)
        if (found.head->has_rest)
            needed = std::min(needed, of_file(found.head->synced_number, found.head->synced_end));
    return needed;
}

void LogRecovery::check_before(std::span<const Found> from) {
    const SegmentHead &head = *from.front().head;
    const Segment *before = index_.segments().empty() ? nullptr : index_.segments().back().get();
    std::uint64_t there = 0;
    if (before != nullptr && before->number == head.previous)
        there = before->end;
    else if (before == nullptr && !is_lost(head.previous))
        return; // nobody waited for what was in it
    if (there < needed_end(from))
        note_damage(head.previous, head.first_sequence);
}

// A file that was closed in good order is as long as it was then. The first file that cannot be
// read at all may be the last one of the log.
void LogRecovery::check_stop(const LogState::Content &state) {
    const Segment *last = index_.segments().empty() ? nullptr : index_.segments().back().get();
    const std::uint64_t last_number = last == nullptr ? 0 : last->number;
    const bool was_clean = state.next_sequence != 0;
    const std::uint64_t next = was_clean ? state.next_sequence : state.reserved + 1;
    if (!lost_files_.empty() && lost_files_.front().number > last_number)
        note_damage(lost_files_.front().number, next);
    else if (was_clean && last_number != state.last_file)
        note_damage(state.last_file, next);
    else if (was_clean && last != nullptr && last->end < state.last_end)
        note_damage(last_number, next);
}

void LogRecovery::note_damage(std::uint64_t file, std::uint64_t next_sequence) {
    const std::uint64_t first = index_.last_sequence() + 1;
    damage_.push_back({file, {first, std::max(first, next_sequence - 1)}});
}

void LogRecovery::read_file(const Found &found, std::span<const Found> later) {
    auto made = std::make_unique<Segment>();
    made->number = found.number;
    made->first_sequence = found.head->first_sequence;
    made->file = found.file;
    const std::int64_t size = files_.size(found.file->descriptor());
    made->allocated = size < 0 ? 0 : static_cast<std::uint64_t>(size);
    std::uint64_t limit = made->allocated;
    if (!later.empty() && later.front().head->previous == found.number)
        limit = std::min(limit, later.front().head->previous_end);
    std::string bytes;
    read_front(*found.file, bytes, limit);
    heads_.push_back(*found.head);
    scan(index_.add_segment(std::move(made)), bytes);
}

void LogRecovery::scan(Segment &segment, std::string_view bytes) {
    segment.end = SegmentHead::size;
    while (segment.end < bytes.size()) {
        const std::string_view left = bytes.substr(segment.end);
        const std::size_t size = record_size(left, segment.number, segment.end);
        if (size == 0 || !index_.apply(segment, left.substr(0, size), segment.end))
            break;
        tell(left.substr(0, size));
        segment.end += size;
    }
    segment.synced_end = segment.end;
}

void LogRecovery::tell(std::string_view record) {
    const auto head = read_head(record);
    if (head->kind == RecordKind::key) {
        LogKey key;
        if (read_key(head->rest, key) && key.time_ms >= keys_from_)
            visitor_.key(key);
        return;
    }
    if (head->kind != RecordKind::event || !(has_key(*head) || has_reference(*head)))
        return;
    LogEvent event;
    if (!read_event(*head, event))
        return;
    if (event.key && event.key->time_ms >= keys_from_)
        visitor_.key(*event.key);
    if (!event.ref.empty())
        visitor_.reference(event);
}

void LogRecovery::visit_waiting() {
    const std::vector<LogIndex::Place> places = index_.live();
    for (std::size_t at = 0; at < places.size();) {
        std::size_t end = std::min(at + visited_together, places.size());
        // The records of one event stay together.
        while (end < places.size() && places[end].slot->sequence == places[end - 1].slot->sequence)
            ++end;
        visit(std::span(places).subspan(at, end - at));
        at = end;
    }
}

void LogRecovery::visit(std::span<const LogIndex::Place> places) {
    std::vector<RecordPlace> records;
    records.reserve(places.size());
    for (const LogIndex::Place &place : places)
        records.push_back({place.segment->file.get(), place.segment->number, place.slot->offset,
                           place.slot->size});
    const auto sequence = [&](std::size_t i) { return places[i].slot->sequence; };
    std::size_t told = 0; // up to this one
    read_records(records, [&](std::size_t index, std::string_view record) {
        if (index < told)
            return;
        std::size_t first = index;
        while (first > told && sequence(first - 1) == sequence(index))
            --first;
        told = index + 1;
        while (told < places.size() && sequence(told) == sequence(index))
            ++told;
        visit_slot(record, places.subspan(first, told - first));
    });
}

// `places`: all that the event has.
void LogRecovery::visit_slot(std::string_view record, std::span<const LogIndex::Place> places) {
    std::vector<std::uint32_t> groups;
    std::vector<RecoveredAttempt> attempts;
    for (const LogIndex::Place &place : places)
        for (const std::uint32_t group : index_.waiting(place)) {
            groups.push_back(group);
            if (const auto attempt = index_.attempt(group, place.slot->sequence))
                attempts.push_back({group, attempt->number, attempt->counted, attempt->reason,
                                    attempt->aged_from_ms, attempt->ready_ms});
        }
    const auto head = read_head(record);
    LogEvent event;
    LogGap gap;
    if (head->kind == RecordKind::event && read_event(*head, event)) {
        event.groups = groups;
        visitor_.event(event, attempts);
    } else if (head->kind == RecordKind::gap && read_gap(*head, gap)) {
        visitor_.gap(gap);
    }
}

void LogRecovery::mend() {
    for (const Found &found : lost_files_)
        if (found.is_unused)
            segment_files_.remove(found.number);
        else
            segment_files_.set_aside(found.number);
    const auto &segments = index_.segments();
    for (std::size_t i = 1; i < segments.size(); ++i) {
        const Segment &before = *segments[i - 1];
        SegmentHead head = heads_[i];
        if (head.previous == before.number && head.previous_end == before.end)
            continue;
        head.previous = before.number;
        head.previous_end = before.end;
        if (segments[i]->file->write(write_segment_head(head), 0) == 0)
            files_.sync(segments[i]->file->descriptor());
    }
}

} // namespace webrocket
