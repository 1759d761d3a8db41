// The event log's start and its end.
#include "event_log/event_log_parts.h"

#include "base/secrets.h"
#include "event_log/log_recovery.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace webrocket {
namespace {

constexpr std::size_t epoch_length = 8;

std::string make_epoch() {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    const std::string random = random_hex(4 * epoch_length);
    std::string epoch;
    for (std::size_t i = 0; i < random.size(); i += 4)
        epoch += letters[std::stoul(random.substr(i, 4), nullptr, 16) % letters.size()];
    return epoch;
}

std::uint64_t behind_block(std::uint64_t sequence) {
    return (sequence + sequence_block - 1) / sequence_block * sequence_block + 1;
}

} // namespace

EventLog::Parts::Parts(const std::filesystem::path &directory, LogOptions options,
                       LogVisitor &visitor)
    : options_(std::move(options)),
      files_(options_.files == nullptr ? system_log_files() : *options_.files),
      segment_files_(directory, files_), state_(directory, files_) {
    if (files_.make_directory(directory) != 0)
        throw std::runtime_error("cannot make " + directory.string() + ": " +
                                 std::generic_category().message(errno));
    recover(visitor);
    thread_ = std::thread([this] { run(); });
}

EventLog::Parts::~Parts() {
    {
        const std::lock_guard lock(mutex_);
        is_ending_ = true;
    }
    wake_.notify_one();
    thread_.join();
    stop();
}

std::int64_t EventLog::Parts::now_ms() const {
    if (options_.now)
        return options_.now();
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void EventLog::Parts::recover(LogVisitor &visitor) {
    const LogState::Loaded loaded = state_.load();
    const LogState::Content before = state_.content();
    LogRecovery recovery(segment_files_, files_, index_, visitor,
                         now_ms() - options_.key_window.count());
    recovery.read_files(before);
    start_.is_new = loaded == LogState::Loaded::nothing && !recovery.found_files();
    start_.damage = recovery.damage();
    // Files without what says how many SEQs were given out.
    if (loaded != LogState::Loaded::good && !start_.is_new && start_.damage.empty())
        start_.damage.push_back({0, {index_.last_sequence() + 1, index_.last_sequence() + 1}});
    next_file_ = recovery.last_number() + 1;
    begin(before, loaded);
    if (!is_failing())
        recovery.mend();
    if (!is_failing())
        if (const int error = begin_files())
            fail(error, "no file can be made");
    recovery.visit_waiting();
}

void EventLog::Parts::begin(const LogState::Content &before, LogState::Loaded loaded) {
    const std::uint64_t last = index_.last_sequence();
    start_.is_clean = start_.is_new || (start_.damage.empty() && before.next_sequence > last);
    start_.has_machine_started =
        !start_.is_clean && loaded == LogState::Loaded::good && before.boot_id != files_.boot_id();
    start_.last_sequence = last;
    // Where it is not known what was reserved, as much as can have been.
    const std::uint64_t unknown = loaded == LogState::Loaded::good ? 0 : 6 * sequence_block;
    if (!start_.is_new)
        next_sequence_ = start_.is_clean ? before.next_sequence
                                         : behind_block(std::max(before.reserved, last + unknown));
    start_.reserved = next_sequence_ - 1;
    epoch_ =
        loaded == LogState::Loaded::good && start_.damage.empty() ? before.epoch : make_epoch();
    if (const int error = state_.begin(epoch_, next_sequence_))
        fail(error, "no numbers for events can be reserved");
}

// The last file is closed as it is; what is new goes into another.
int EventLog::Parts::begin_files() {
    if (!index_.segments().empty()) {
        Segment &last = *index_.segments().back();
        if (last.allocated > last.end && files_.truncate(last.file->descriptor(), last.end) == 0)
            last.allocated = last.end;
        // It may have been written by a process that was killed before it synced.
        if (files_.sync(last.file->descriptor()) != 0)
            return errno;
    }
    return roll();
}

void EventLog::Parts::stop() {
    Lock lock(mutex_);
    if (!is_failing() && unsynced_since_ != never)
        sync(lock);
    tell_waiters(lock, true);
    if (prepared_.number != 0)
        segment_files_.remove(prepared_.number);
    if (current_ == nullptr || is_failing())
        return;
    files_.truncate(current_->file->descriptor(), current_->end);
    files_.sync(current_->file->descriptor());
    state_.stop(next_sequence_, current_->number, current_->end);
}

} // namespace webrocket
