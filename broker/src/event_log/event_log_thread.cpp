// The thread `events`: syncs, prepares files and removes them, and has a failed disk tried again.
#include "event_log/event_log_parts.h"

#include <algorithm>
#include <cerrno>
#include <pthread.h>

namespace webrocket {
namespace {

// What is kept for its time alone is looked at again after this.
constexpr std::chrono::seconds kept_look{1};

} // namespace

void EventLog::Parts::run() {
    pthread_setname_np(pthread_self(), "events");
    Lock lock(mutex_);
    while (!is_ending_) {
        const auto now = Clock::now();
        if (!is_due(now)) {
            const auto next = next_look();
            if (next == never)
                wake_.wait(lock);
            else
                wake_.wait_until(lock, next);
            continue;
        }
        if (is_failing()) {
            tell_waiters(lock, true);
            remove_settled(lock);
            if (now >= failure_.retry_at)
                try_again(lock);
            continue;
        }
        if (is_sync_due(now))
            sync(lock);
        take_care(lock);
    }
}

// With mutex_, as all that follows.
bool EventLog::Parts::is_sync_due(Clock::time_point now) const {
    if (unsynced_since_ == never)
        return false;
    return options_.durability == Durability::full || now >= unsynced_since_ + options_.sync_delay;
}

bool EventLog::Parts::is_due(Clock::time_point now) const {
    if (is_failing())
        return now >= failure_.retry_at || !waiters_.empty();
    return now >= care_at_ || is_sync_due(now);
}

EventLog::Parts::Clock::time_point EventLog::Parts::next_look() const {
    if (is_failing())
        return failure_.retry_at;
    if (unsynced_since_ == never)
        return care_at_;
    return std::min(care_at_, unsynced_since_ + options_.sync_delay);
}

std::vector<EventLog::Parts::Unsynced> EventLog::Parts::unsynced() const {
    std::vector<Unsynced> files;
    for (const auto &segment : index_.segments())
        if (segment->synced_end < segment->end)
            files.push_back({segment.get(), segment->file,
                             std::max<std::uint64_t>(segment->synced_end, SegmentHead::size),
                             segment->end});
    return files;
}

void EventLog::Parts::sync(Lock &lock) {
    const std::vector<Unsynced> files = unsynced();
    const LogPosition position = appended_;
    const bool with_directory = std::exchange(is_directory_unsynced_, false);
    unsynced_since_ = never;
    lock.unlock();
    const auto begin = Clock::now();
    int error = with_directory ? segment_files_.sync_directory() : 0;
    if (error == 0)
        error = sync_files(files);
    const auto spent = Clock::now() - begin;
    lock.lock();
    ++syncs_;
    sync_microseconds_ += static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
    if (error != 0) {
        fail(error, "a file cannot be synced");
        return;
    }
    for (const Unsynced &file : files)
        file.segment->synced_end = file.to;
    synced_ = position;
    tell_waiters(lock, false);
    trim(lock);
}

// In order: what is synced is a prefix.
int EventLog::Parts::sync_files(const std::vector<Unsynced> &files) const {
    for (const Unsynced &file : files)
        if (files_.sync(file.file->descriptor()) != 0)
            return errno;
    return 0;
}

void EventLog::Parts::tell_waiters(Lock &lock, bool is_failed) {
    std::vector<Waiter> told;
    const auto waits = [&](const Waiter &waiter) {
        return !is_failed && waiter.position > synced_;
    };
    const auto first = std::stable_partition(waiters_.begin(), waiters_.end(), waits);
    std::move(first, waiters_.end(), std::back_inserter(told));
    waiters_.erase(first, waiters_.end());
    const LogPosition synced = synced_;
    lock.unlock();
    for (const Waiter &waiter : told)
        waiter.done(waiter.position <= synced);
    lock.lock();
}

// Gives back what full files have not used.
void EventLog::Parts::trim(Lock &lock) {
    std::vector<Unsynced> files;
    for (const auto &segment : index_.segments())
        if (segment.get() != current_ && segment->allocated > segment->end &&
            segment->synced_end == segment->end) {
            segment->allocated = segment->end;
            files.push_back({segment.get(), segment->file, 0, segment->end});
        }
    if (files.empty())
        return;
    lock.unlock();
    for (const Unsynced &file : files)
        files_.truncate(file.file->descriptor(), file.to);
    lock.lock();
}

void EventLog::Parts::take_care(Lock &lock) {
    care_at_ = never;
    prepare(lock);
    reserve_ahead(lock);
    remove_settled(lock);
    if (is_failing())
        return;
    if (is_copying_due()) {
        copy_front(lock);
        care_at_ = Clock::now();
    } else if (index_.segments().size() > 1 && index_.segments().front()->live_slots == 0) {
        care_at_ = Clock::now() + kept_look;
    }
}

void EventLog::Parts::prepare(Lock &lock) {
    const auto now = Clock::now();
    if (prepared_.number != 0 || current_->end == SegmentHead::size || now < prepare_after_)
        return;
    Prepared made;
    made.number = next_file_++;
    lock.unlock();
    int error = segment_files_.create(made.number, options_.segment_bytes, made.file);
    if (error == 0 && (error = segment_files_.sync_directory()) != 0)
        segment_files_.remove(made.number);
    lock.lock();
    if (error != 0) {
        prepare_after_ = now + options_.retry_delay; // it is made when it is needed, or not
        return;
    }
    // The current one may have become full meanwhile, and another one be under way: files are used
    // in the order of their numbers.
    if (!is_failing() && next_file_ == made.number + 1) {
        prepared_ = std::move(made);
        return;
    }
    lock.unlock();
    segment_files_.remove(made.number);
    lock.lock();
}

// So that who appends does not wait for it.
void EventLog::Parts::reserve_ahead(Lock &lock) {
    // Enough for some seconds of a disk that does not answer.
    const std::uint64_t wanted = index_.last_sequence() + 2 * sequence_block;
    if (wanted <= state_.reserved())
        return;
    lock.unlock();
    state_.reserve(wanted + 2 * sequence_block); // where it fails, who appends finds out
    lock.lock();
}

void EventLog::Parts::remove_settled(Lock &lock) {
    while (may_remove_front(lock)) {
        const std::uint64_t number = index_.segments().front()->number;
        lock.unlock();
        // One after the other on the disk, too: a later file says what is settled in an earlier.
        const bool is_gone =
            segment_files_.remove(number) == 0 && segment_files_.sync_directory() == 0;
        lock.lock();
        if (!is_gone)
            return;
        index_.remove_front();
    }
}

bool EventLog::Parts::may_remove_front(Lock &lock) {
    if (index_.segments().size() < 2)
        return false;
    const Segment &front = *index_.segments().front();
    if (front.live_slots != 0 || front.copied_position > synced_)
        return false;
    if (front.copied_to < front.end && front.keys_until >= now_ms() - options_.key_window.count())
        return false;
    if (!front.has_references || !options_.before_removal)
        return true;
    lock.unlock();
    const bool may_go = options_.before_removal();
    lock.lock();
    return may_go;
}

} // namespace webrocket
