#include "event_log/log_index.h"

#include <algorithm>

namespace webrocket {
namespace {

constexpr std::uint32_t no_bit = 0;

// The bit of a group in slots that have this set.
std::uint32_t bit_of(const Segment::GroupSet &set, std::uint32_t group) {
    const auto found = std::find(set.begin(), set.end(), group);
    if (found == set.end())
        return no_bit;
    return std::uint32_t{1} << static_cast<unsigned>(found - set.begin());
}

std::uint32_t all_bits(std::size_t count) {
    return count >= 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << count) - 1;
}

struct BySequence {
    bool operator()(const Slot &slot, std::uint64_t sequence) const {
        return slot.sequence < sequence;
    }
};

void note_key(Segment &segment, const LogKey &key) {
    segment.keys_until = std::max(segment.keys_until, key.time_ms);
    segment.key_bytes += sizeof(LogKey) + key.answer.size();
}

// Neighbours mostly have the same set: looks once for all of them.
class BitOfSet {
  public:
    BitOfSet(const Segment &segment, std::uint32_t group) : segment_(segment), group_(group) {}
    std::uint32_t operator()(std::uint32_t set) {
        if (set != last_set_) {
            last_set_ = set;
            last_bit_ = bit_of(segment_.sets[set], group_);
        }
        return last_bit_;
    }

  private:
    const Segment &segment_;
    std::uint32_t group_;
    std::uint32_t last_set_ = ~std::uint32_t{0};
    std::uint32_t last_bit_ = no_bit;
};

} // namespace

Segment &LogIndex::add_segment(std::unique_ptr<Segment> segment) {
    return *segments_.emplace_back(std::move(segment));
}

bool LogIndex::apply(Segment &segment, std::string_view record, std::uint64_t offset) {
    const auto head = read_head(record);
    if (!head)
        return false;
    if (head->kind == RecordKind::event || head->kind == RecordKind::gap)
        return apply_slot(segment, *head,
                          {head->sequence, static_cast<std::uint32_t>(offset),
                           static_cast<std::uint32_t>(record.size()), 0, 0});
    if (head->kind == RecordKind::key)
        return note_contents(segment, *head);
    apply_unwritten(record);
    return true;
}

void LogIndex::apply_unwritten(std::string_view record) {
    const auto head = read_head(record);
    SettledRecord settled;
    AttemptsRecord attempts;
    std::uint32_t group = 0;
    if (head->kind == RecordKind::settled && read_settled(head->rest, settled)) {
        for (const LogRun &run : settled.runs)
            settle(settled.group, run);
    } else if (head->kind == RecordKind::attempts && read_attempts(head->rest, attempts)) {
        apply_attempts(attempts);
    } else if (head->kind == RecordKind::removed_group && read_removed_group(head->rest, group)) {
        remove_group(group);
    }
}

bool LogIndex::apply_slot(Segment &segment, const RecordHead &head, const Slot &place) {
    if (!head.is_again && !segment.own.empty() && head.sequence < segment.own.back().sequence)
        return false;
    if (!note_contents(segment, head))
        return false;
    if (head.is_again)
        take_from_earlier(head);
    Slot slot = place;
    slot.set = set_number(segment, head.groups());
    slot.live = all_bits(head.group_count);
    if (!removed_groups_.empty())
        for (const std::uint32_t group : head.groups())
            if (removed_groups_.contains(group))
                slot.live &= ~bit_of(segment.sets[slot.set], group);
    last_sequence_ = std::max(last_sequence_, head.sequence);
    auto &slots = head.is_again ? segment.again : segment.own;
    slots.push_back(slot);
    if (slot.live == 0)
        return true;
    if (head.is_again)
        again_places_.emplace(slot.sequence, AgainPlace{&segment, slots.size() - 1});
    ++segment.live_slots;
    ++live_slots_;
    live_bytes_ += slot.size;
    return true;
}

// What keeps a file although nobody waits for what is in it.
bool LogIndex::note_contents(Segment &segment, const RecordHead &head) {
    if (head.kind == RecordKind::key) {
        LogKey key;
        if (!read_key(head.rest, key))
            return false;
        note_key(segment, key);
    } else if (head.kind == RecordKind::event) {
        if (has_reference(head))
            segment.has_references = true;
        if (!has_key(head))
            return true;
        LogEvent event;
        if (!read_event(head, event))
            return false;
        note_key(segment, *event.key);
    }
    return true;
}

void LogIndex::take_from_earlier(const RecordHead &head) {
    for (const std::uint32_t group : head.groups())
        for_each_waiting(
            group, {head.sequence, head.sequence},
            [&](Segment &segment, Slot &slot, std::uint32_t bit) { release(segment, slot, bit); });
}

template <typename Found>
void LogIndex::for_each_waiting(std::uint32_t group, const LogRun &run, const Found &found) {
    for (std::size_t i = segment_of(run.first); i < segments_.size(); ++i) {
        Segment &segment = *segments_[i];
        if (segment.first_sequence > run.last)
            break;
        BitOfSet bit(segment, group);
        auto slot =
            std::lower_bound(segment.own.begin(), segment.own.end(), run.first, BySequence());
        for (; slot != segment.own.end() && slot->sequence <= run.last; ++slot)
            if (slot->live != 0 && (slot->live & bit(slot->set)) != 0)
                found(segment, *slot, bit(slot->set));
    }
    auto place = again_places_.lower_bound(run.first);
    while (place != again_places_.end() && place->first <= run.last) {
        Segment &segment = *place->second.segment;
        Slot &slot = segment.again[place->second.index];
        const std::uint32_t bit = bit_of(segment.sets[slot.set], group);
        if ((slot.live & bit) != 0)
            found(segment, slot, bit);
        place = slot.live == 0 ? again_places_.erase(place) : std::next(place);
    }
}

void LogIndex::release(Segment &segment, Slot &slot, std::uint32_t bits) {
    slot.live &= ~bits;
    if (slot.live != 0)
        return;
    --segment.live_slots;
    --live_slots_;
    live_bytes_ -= slot.size;
}

void LogIndex::settle(std::uint32_t group, const LogRun &run) {
    for_each_waiting(group, run, [&](Segment &segment, Slot &slot, std::uint32_t bit) {
        release(segment, slot, bit);
    });
    const auto first = attempts_.lower_bound({group, run.first});
    attempts_.erase(first, attempts_.upper_bound({group, run.last}));
}

void LogIndex::remove_group(std::uint32_t group) {
    if (removed_groups_.insert(group).second)
        settle(group, {0, ~std::uint64_t{0}});
}

void LogIndex::apply_attempts(const AttemptsRecord &attempts) {
    for (const LogRun &run : attempts.runs)
        for_each_waiting(attempts.group, run,
                         [&](const Segment &, const Slot &slot, std::uint32_t) {
                             attempts_.insert_or_assign(
                                 std::pair(attempts.group, slot.sequence),
                                 Attempt{attempts.number, attempts.counted, attempts.reason,
                                         attempts.aged_from_ms, attempts.ready_ms});
                         });
}

// The last one that begins at or before it.
std::size_t LogIndex::segment_of(std::uint64_t sequence) const {
    const auto behind =
        std::upper_bound(segments_.begin(), segments_.end(), sequence,
                         [](std::uint64_t wanted, const std::unique_ptr<Segment> &segment) {
                             return wanted < segment->first_sequence;
                         });
    return behind == segments_.begin() ? 0
                                       : static_cast<std::size_t>(behind - segments_.begin()) - 1;
}

std::uint32_t LogIndex::set_number(Segment &segment, std::span<const std::uint32_t> groups) {
    if (!segment.own.empty()) {
        const std::uint32_t last = segment.own.back().set;
        if (std::ranges::equal(segment.sets[last], groups))
            return last;
    }
    Segment::GroupSet set(groups.begin(), groups.end());
    const auto [place, is_new] =
        segment.set_numbers.try_emplace(set, static_cast<std::uint32_t>(segment.sets.size()));
    if (is_new)
        segment.sets.push_back(std::move(set));
    return place->second;
}

std::optional<LogIndex::Place> LogIndex::find(std::uint64_t sequence, const Place *near) const {
    if (near != nullptr) {
        const std::vector<Slot> &own = near->segment->own;
        const auto *next = near->slot + 1;
        const bool is_own = near->slot >= own.data() && next < own.data() + own.size();
        if (is_own && next->sequence == sequence && next->live != 0)
            return Place{near->segment, next};
    }
    if (!again_places_.empty()) {
        const auto place = again_places_.find(sequence);
        if (place != again_places_.end())
            return Place{place->second.segment, &place->second.segment->again[place->second.index]};
    }
    if (segments_.empty())
        return std::nullopt;
    const Segment &segment = *segments_[segment_of(sequence)];
    auto slot = std::lower_bound(segment.own.begin(), segment.own.end(), sequence, BySequence());
    for (; slot != segment.own.end() && slot->sequence == sequence; ++slot)
        if (slot->live != 0)
            return Place{&segment, &*slot};
    return std::nullopt;
}

std::vector<std::uint32_t> LogIndex::waiting(const Segment &segment, const RecordHead &head,
                                             std::uint64_t offset) const {
    const auto at = static_cast<std::uint32_t>(offset);
    if (head.is_again) {
        const auto [first, last] = again_places_.equal_range(head.sequence);
        for (auto place = first; place != last; ++place) {
            const Slot &slot = place->second.segment->again[place->second.index];
            if (place->second.segment == &segment && slot.offset == at)
                return waiting({&segment, &slot});
        }
        return {};
    }
    auto slot =
        std::lower_bound(segment.own.begin(), segment.own.end(), head.sequence, BySequence());
    for (; slot != segment.own.end() && slot->sequence == head.sequence; ++slot)
        if (slot->offset == at)
            return waiting({&segment, &*slot});
    return {};
}

std::vector<std::uint32_t> LogIndex::waiting(const Place &place) const {
    std::vector<std::uint32_t> groups;
    const Segment::GroupSet &set = place.segment->sets[place.slot->set];
    for (std::size_t i = 0; i < set.size(); ++i)
        if ((place.slot->live >> i & 1) != 0)
            groups.push_back(set[i]);
    return groups;
}

std::optional<LogIndex::Attempt> LogIndex::attempt(std::uint32_t group,
                                                   std::uint64_t sequence) const {
    const auto found = attempts_.find({group, sequence});
    return found == attempts_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<LogIndex::Place> LogIndex::live() const {
    std::vector<Place> places;
    places.reserve(live_slots_);
    for (const auto &segment : segments_)
        for (const auto *slots : {&segment->own, &segment->again})
            for (const Slot &slot : *slots)
                if (slot.live != 0)
                    places.push_back({segment.get(), &slot});
    std::stable_sort(places.begin(), places.end(), [](const Place &a, const Place &b) {
        return a.slot->sequence < b.slot->sequence;
    });
    return places;
}

std::uint64_t LogIndex::used_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto &segment : segments_)
        bytes += segment->end;
    return bytes;
}

std::uint64_t LogIndex::key_bytes(std::int64_t from) const {
    std::uint64_t bytes = 0;
    for (const auto &segment : segments_)
        if (segment->keys_until >= from)
            bytes += segment->key_bytes;
    return bytes;
}

std::uint64_t LogIndex::file_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto &segment : segments_)
        bytes += segment->allocated;
    return bytes;
}

} // namespace webrocket
