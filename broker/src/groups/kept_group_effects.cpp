// What follows from what happened in a group: who is rung, and what is written.
#include "groups/kept_group.h"
#include "groups/kept_group_call.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

namespace webrocket {
namespace {

// Neighbours together.
std::vector<LogRun> runs_of(std::vector<std::uint64_t> sequences) {
    std::sort(sequences.begin(), sequences.end());
    std::vector<LogRun> runs;
    for (const std::uint64_t sequence : sequences) {
        if (!runs.empty() && runs.back().last + 1 >= sequence)
            runs.back().last = sequence;
        else
            runs.push_back({sequence, sequence});
    }
    return runs;
}

// Those of one event that are not the last say nothing any more.
std::vector<DeliveryAttempt> last_of_each(std::vector<DeliveryAttempt> attempts) {
    std::stable_sort(attempts.begin(), attempts.end(),
                     [](const auto &a, const auto &b) { return a.sequence < b.sequence; });
    std::vector<DeliveryAttempt> last;
    for (const DeliveryAttempt &attempt : attempts) {
        if (!last.empty() && last.back().sequence == attempt.sequence)
            last.back() = attempt;
        else
            last.push_back(attempt);
    }
    return last;
}

} // namespace

// With the lock.
void KeptGroup::follow() {
    state_.take_effects(effects_, DeliveryState::GapEffects::left);
    for (const DeliveryEnd &end : effects_.ended)
        end_line(end);
    for (const std::uint64_t stream : effects_.ring)
        ring(stream);
    for (const DeliverySettled &settled : effects_.settled)
        take_settled(settled);
    for (const DeliveryDeadLetter &letter : effects_.dead_letters)
        take_dead_letter(letter);
    std::move(effects_.attempts.begin(), effects_.attempts.end(),
              std::back_inserter(unwritten_.attempts));
    if (!effects_.have_filters_changed)
        return;
    const auto wanted = state_.wanted_filters();
    last_filters_.clear();
    for (const std::uint32_t filter : wanted)
        last_filters_.push_back(topics_.filter(filter).text);
    topics_.forget_filters_but(wanted);
}

void KeptGroup::end_line(const DeliveryEnd &end) {
    if (const auto line = lines_.find({end.stream, end.connection}); line != lines_.end()) {
        line->second.state =
            end.how == StreamEnd::replaced ? StreamState::replaced : StreamState::ended;
        if (line->second.bell)
            line->second.bell->ring();
    }
    if (end.how == StreamEnd::resumed)
        return;
    if (const auto name = names_.find(end.stream); name != names_.end()) {
        streams_.erase(name->second);
        names_.erase(name);
    }
}

// Its last connection.
void KeptGroup::ring(std::uint64_t stream) {
    auto line = lines_.upper_bound({stream, std::numeric_limits<std::uint64_t>::max()});
    if (line == lines_.begin())
        return;
    --line;
    if (line->first.first == stream && line->second.bell)
        line->second.bell->ring();
}

void KeptGroup::take_settled(const DeliverySettled &settled) {
    unwritten_.settled.push_back(settled.sequence);
    if (settled.is_gap)
        return;
    slots_.release(settled.cookie);
    topics_.release_topic(settled.topic);
}

// It stays where it is until it has a row.
void KeptGroup::take_dead_letter(const DeliveryDeadLetter &letter) {
    unwritten_.dead_letters.push_back({letter.sequence, letter.cookie, letter.topic, letter.attempt,
                                       letter.reason, slots_.event(letter.cookie)});
}

void KeptGroup::write_effects() {
    is_writing_asked_ = false;
    Unwritten work;
    {
        const std::lock_guard lock(mutex_);
        work = std::exchange(unwritten_, {});
        if (!owner_.event_log().is_failing())
            take_gaps(work.gaps);
    }
    if (is_ended())
        return;
    append_settled_and_attempts(work);
    if (!work.gaps.empty())
        write_gaps(std::move(work.gaps));
    if (!work.dead_letters.empty())
        owner_.store(shared_from_this(), std::move(work.dead_letters));
}

// Those that could not be written before, and what was lost by now. With the lock.
void KeptGroup::take_gaps(std::vector<DeliveryGap> &gaps) {
    state_.take_effects(effects_);
    std::move(effects_.gaps.begin(), effects_.gaps.end(), std::back_inserter(gaps));
    effects_.gaps.clear();
}

// The log takes them whether or not the disk works.
void KeptGroup::append_settled_and_attempts(const Unwritten &work) {
    const auto runs = runs_of(work.settled);
    const auto attempts = last_of_each(work.attempts);
    std::vector<LogRun> attempt_runs;
    attempt_runs.reserve(attempts.size());
    std::vector<LogEntry> entries;
    for (const DeliveryAttempt &attempt : attempts) {
        attempt_runs.push_back({attempt.sequence, attempt.sequence});
        entries.emplace_back(LogAttempts{number(),
                                         {&attempt_runs.back(), 1},
                                         attempt.tries.attempt,
                                         attempt.tries.counted,
                                         static_cast<std::uint8_t>(attempt.tries.reason),
                                         attempt.tries.aged_from_ms,
                                         attempt.tries.ready_ms});
    }
    if (!runs.empty())
        entries.emplace_back(LogSettled{number(), runs});
    if (!entries.empty())
        owner_.event_log().append(entries);
}

// Those that cannot be written wait until the disk works.
void KeptGroup::write_gaps(std::vector<DeliveryGap> gaps) {
    std::vector<LogEntry> entries;
    entries.reserve(gaps.size());
    for (const DeliveryGap &gap : gaps)
        entries.emplace_back(LogGap{number(), gap.from, gap.to, gap.count,
                                    static_cast<std::uint8_t>(gap.reason), gap.time_ms, 0});
    const LogAppended appended = owner_.event_log().append(entries);
    if (!appended.is_done) {
        const std::lock_guard lock(mutex_);
        std::move(gaps.begin(), gaps.end(), std::back_inserter(unwritten_.gaps));
        return;
    }
    with_state([&](DeliveryState &state) {
        for (std::size_t i = 0; i < gaps.size(); ++i)
            state.name_gap(gaps[i].number, appended.first + i);
        return 0;
    });
}

void KeptGroup::settle_dead_letter(const DeadLetterToStore &letter) {
    dead_letters_.fetch_add(1, std::memory_order_relaxed);
    settle_letter(letter);
}

void KeptGroup::settle_letter(const DeadLetterToStore &letter) {
    const LogRun run{letter.sequence, letter.sequence};
    owner_.event_log().append(std::array<LogEntry, 1>{LogSettled{number(), {&run, 1}}});
    const std::lock_guard lock(mutex_);
    slots_.release(letter.cookie);
    topics_.release_topic(letter.topic);
}

void KeptGroup::settle_lost_letter(const DeadLetterToStore &letter) {
    lose(letter.sequence);
    settle_letter(letter);
}

void KeptGroup::return_dead_letter(DeadLetterToStore letter) {
    const std::lock_guard lock(mutex_);
    unwritten_.dead_letters.push_back(std::move(letter));
}

// What could not be written before.
void KeptGroup::write_again() {
    {
        const std::lock_guard lock(mutex_);
        if (unwritten_.empty() && !state_.has_effects())
            return;
    }
    write_effects();
}

} // namespace webrocket
