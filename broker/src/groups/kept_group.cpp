#include "groups/kept_group.h"

#include "groups/kept_group_call.h"
#include "groups/reason_names.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace webrocket {
namespace {

EventTexts texts_of(const LogEvent &event) {
    return {event.topic, event.sid, event.uid, event.channel, event.address, event.ref};
}

EventTexts texts_of(const StoredDeadLetter &letter) {
    EventTexts texts{letter.topic,   letter.sid,     std::nullopt,
                     letter.channel, letter.address, letter.ref};
    if (letter.has_uid)
        texts.uid = letter.uid;
    return texts;
}

} // namespace

KeptGroup::KeptGroup(StoredGroup stored, std::uint64_t dead_letters, GroupOwner &owner)
    : stored_(std::move(stored)), owner_(owner), dead_letters_(dead_letters),
      settings_(stored_.settings), last_filters_(stored_.last_filters),
      state_(delivery_settings(stored_.settings), topics_, wall_clock_ms()) {
    if (last_filters_.empty())
        last_filters_ = {settings_.filter};
    set_last_filters();
}

KeptGroup::~KeptGroup() = default;

// A filter that was stored and cannot be compiled any more would want everything.
void KeptGroup::set_last_filters() {
    std::vector<std::uint32_t> numbers;
    for (const auto &text : last_filters_) {
        auto pattern = text.empty() ? nullptr : Pattern::compile(text);
        if (text.empty() || pattern)
            numbers.push_back(topics_.number_of(TopicFilter::of(text, std::move(pattern))));
    }
    state_.set_last_filters(numbers);
}

DeliverySettings KeptGroup::delivery_settings(const GroupSettings &settings) {
    DeliverySettings wanted;
    wanted.is_ordered = settings.order != GroupOrder::none;
    wanted.drops_oldest = settings.overflow == GroupOverflow::drop_oldest;
    wanted.is_paused = settings.paused;
    wanted.max_deliver = settings.max_deliver;
    wanted.lease_ms = settings.lease.count();
    wanted.ack_deadline_ms = settings.ack_deadline.count();
    wanted.max_age_ms = settings.max_age.count();
    wanted.max_events = settings.max_events;
    wanted.max_bytes = settings.max_bytes;
    return wanted;
}

GroupSettings KeptGroup::settings() const {
    const std::lock_guard lock(mutex_);
    return settings_;
}

std::vector<std::string> KeptGroup::last_filters() const {
    const std::lock_guard lock(mutex_);
    return last_filters_;
}

GroupFigures KeptGroup::figures() const {
    const std::int64_t now = wall_clock_ms();
    GroupFigures figures;
    DeliveryFigures known;
    {
        const std::lock_guard lock(mutex_);
        known = state_.figures();
    }
    figures.lag = known.events;
    figures.bytes = known.bytes;
    figures.unacknowledged = known.unacknowledged;
    figures.delayed = known.delayed;
    figures.unmatched = known.unmatched;
    figures.dead_letters = dead_letters();
    figures.kept = known.added;
    figures.acknowledged = known.acknowledged;
    figures.redelivered = known.redelivered;
    figures.lost = known.lost;
    figures.refused = refused();
    if (known.oldest_ms != 0)
        figures.oldest_ms = std::max<std::int64_t>(now - known.oldest_ms, 1);
    return figures;
}

std::uint64_t KeptGroup::key_of(std::uint64_t, std::uint64_t cookie) const {
    return slots_.key(cookie, settings_.order);
}

// With the lock.
DeliveryEvent KeptGroup::delivery_event(const KeptEvent &event) const {
    DeliveryEvent entry;
    entry.bytes = static_cast<std::uint32_t>(event.size());
    entry.time_ms = event.time_ms();
    entry.key = event.keys().of(settings_.order);
    entry.sender = event.sender();
    return entry;
}

void KeptGroup::restore(const LogEvent &event, const DeliveryTries &tries) {
    const EventTexts texts = texts_of(event);
    const EventKeyHashes keys = key_hashes(texts);
    DeliveryEvent entry;
    entry.sequence = event.sequence;
    entry.bytes = static_cast<std::uint32_t>(size_of(texts) + event.record.size());
    entry.time_ms = event.time_ms;
    entry.key = keys.of(settings_.order);
    entry.sender = sender_hash(texts);
    entry.topic = topics_.take_topic(event.topic);
    entry.cookie = slots_.add(keys, nullptr, false);
    state_.restore_event(entry, tries, wall_clock_ms());
}

void KeptGroup::restore(const LogGap &gap) {
    DeliveryGap entry;
    entry.reason = static_cast<GapReason>(gap.reason);
    entry.from = gap.from;
    entry.to = gap.to;
    entry.count = gap.count;
    entry.time_ms = gap.time_ms;
    state_.restore_gap(gap.sequence, entry);
}

void KeptGroup::tell_of_start(const LogStart &start) {
    std::vector<DeliveryGap> gaps;
    const std::int64_t now = wall_clock_ms();
    for (const LogDamage &damage : start.damage)
        gaps.push_back({0, GapReason::reset, damage.lost.first, damage.lost.last, {}, now});
    if (start.has_machine_started && start.reserved > start.last_sequence)
        gaps.push_back({0, GapReason::reset, start.last_sequence + 1, start.reserved, {}, now});
    if (!start.is_new && !start.is_clean) {
        const auto filters = wanted();
        if (std::any_of(filters.begin(), filters.end(),
                        [](const auto &filter) { return filter.wants_system_events; }))
            gaps.push_back({0, GapReason::restart, 0, 0, 0, now});
    }
    with_state([&](DeliveryState &state) {
        for (const DeliveryGap &gap : gaps)
            state.add_gap(gap);
        return gaps.size();
    });
}

void KeptGroup::set(const GroupSettings &settings) {
    with_state([&](DeliveryState &state) {
        const GroupOrder order_before = std::exchange(settings_.order, settings.order);
        if (order_before != settings.order && !set_order(settings.order))
            settings_.order = order_before; // a member has come meanwhile
        const bool wants_other = settings.filter != settings_.filter && !state.has_members();
        const GroupOrder order = settings_.order;
        settings_ = settings;
        settings_.order = order;
        state.set_settings(delivery_settings(settings_), wall_clock_ms());
        if (wants_other) {
            last_filters_ = {settings_.filter};
            set_last_filters();
            effects_.have_filters_changed = true;
        }
        return 0;
    });
}

void KeptGroup::end() {
    is_ended_ = true;
    const std::lock_guard lock(mutex_);
    for (auto &[key, line] : lines_) {
        line.state = StreamState::ended;
        if (line.bell)
            line.bell->ring();
    }
    streams_.clear();
    names_.clear();
}

// With the lock. Where it was ordered by something else, all keys are others now.
bool KeptGroup::set_order(GroupOrder order) {
    return state_.set_order(false, *this) &&
           (order == GroupOrder::none || state_.set_order(true, *this));
}

DeliveryVerdict KeptGroup::reserve(const KeptEvent &event) {
    const std::lock_guard lock(mutex_);
    return state_.reserve(delivery_event(event), wall_clock_ms());
}

void KeptGroup::give_place_back(const KeptEvent &event) {
    const std::lock_guard lock(mutex_);
    state_.give_place_back(delivery_event(event));
}

void KeptGroup::add(const KeptEventPtr &event, std::uint64_t sequence, Copy copy) {
    with_state([&](DeliveryState &state) {
        DeliveryEvent entry = delivery_event(*event);
        entry.sequence = sequence;
        entry.topic = topics_.take_topic(event->topic());
        entry.cookie = slots_.add(event->keys(), event, copy == Copy::only_here);
        state.add(entry, true, wall_clock_ms());
        return 0;
    });
}

void KeptGroup::lose(std::uint64_t sequence) {
    with_state([&](DeliveryState &state) {
        state.lose(sequence, GapReason::overflow, wall_clock_ms());
        return 0;
    });
}

bool KeptGroup::has_room_for_only_copy() const {
    const std::lock_guard lock(mutex_);
    return slots_.only_copy_bytes() < EventSlots::bytes_max;
}

void KeptGroup::set_at_bound(bool is_at_bound) {
    with_state([&](DeliveryState &state) {
        state.set_at_bound(is_at_bound);
        return 0;
    });
}

void KeptGroup::advance() {
    wakes_at_ = std::numeric_limits<std::int64_t>::max();
    with_state([](DeliveryState &state) {
        state.advance(wall_clock_ms());
        return 0;
    });
}

bool KeptGroup::requeue(const StoredDeadLetter &letter) {
    if (is_ended())
        return false;
    const EventTexts texts = texts_of(letter);
    const std::int64_t now = wall_clock_ms();
    const auto event =
        std::make_shared<const KeptEvent>(texts, letter.time_ms, share(letter.record));
    const std::uint32_t group = number();
    const LogRun run{letter.sequence, letter.sequence};
    LogEvent entry = log_event(*event, {&group, 1});
    entry.time_ms = now; // its age begins anew
    entry.sequence = letter.sequence;
    if (!owner_.event_log().append(std::array<LogEntry, 1>{entry}).is_done)
        return false;
    owner_.event_log().append(
        std::array<LogEntry, 1>{LogAttempts{group, {&run, 1}, letter.attempt + 1, 0, 0}});
    return with_state([&](DeliveryState &state) {
        DeliveryEvent again = delivery_event(*event);
        again.sequence = letter.sequence;
        again.time_ms = now;
        again.topic = topics_.take_topic(event->topic());
        again.cookie = slots_.add(event->keys(), event, false);
        const bool is_new = state.requeue(again, letter.attempt, now);
        if (!is_new) {
            topics_.release_topic(again.topic);
            slots_.release(again.cookie);
        }
        return true;
    });
}

void KeptGroup::forget_dead_letters(std::uint64_t count) {
    dead_letters_.fetch_sub(std::min(count, dead_letters()), std::memory_order_relaxed);
}

std::uint64_t KeptGroup::bytes() const {
    const std::lock_guard lock(mutex_);
    return state_.figures().bytes;
}

std::vector<TopicFilter> KeptGroup::wanted() const {
    const std::lock_guard lock(mutex_);
    std::vector<TopicFilter> filters;
    for (const std::uint32_t number : state_.wanted_filters())
        filters.push_back(topics_.filter(number));
    return filters;
}

std::int64_t KeptGroup::memberless_since_ms() const {
    const std::lock_guard lock(mutex_);
    return state_.memberless_since_ms();
}

} // namespace webrocket
