// An event or a gap of a group, and the lists that it is in.
#pragma once

#include "delivery/types.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace webrocket::group_state {

using EntryIndex = std::uint32_t;
inline constexpr std::uint32_t nothing = UINT32_MAX;
// The memory of more than so many is given back once none is in use.
inline constexpr std::size_t kept_slots = 1024;

enum class EntryPlace : std::uint8_t {
    nowhere,
    queued,     // ready
    behind_key, // ready but for another one of its key
    delayed,
    held,   // by a member
    unnamed // a gap without a SEQ
};

struct EntryLink {
    EntryIndex before = nothing;
    EntryIndex after = nothing;
};

struct Entry {
    std::uint64_t sequence = 0;
    std::uint64_t cookie = 0; // of a gap: its number
    std::int64_t aged_from = 0;
    std::uint64_t number = 0; // when it came in, as long as it is new; held: its tag
    std::int64_t when = 0;    // held: the deadline; delayed: the end of the delay
    std::uint32_t bytes = 0;
    std::uint32_t topic = 0;
    std::uint32_t sender = nothing;
    std::uint32_t key = nothing;
    std::uint32_t member = nothing; // that holds it
    std::uint32_t attempt = 1;      // of an event: which the next one is, or the one under way
    std::uint8_t counted = 0;
    ReturnReason reason = ReturnReason::none;
    EntryPlace place = EntryPlace::nowhere;
    bool is_gap = false;
    bool is_new = true;     // was never handed out
    bool is_early = false;  // where in its queue it is
    bool holds_key = false; // delayed: nothing of its key is ready meanwhile
    EntryLink line;         // of its queue, its key, or its holder by tag
    EntryLink time;         // of what is new by age, or of its holder by deadline
    EntryLink peer;         // of what is new and of one sender

    // The lower goes first. What came back goes before what is new.
    std::uint64_t rank() const { return is_new ? (std::uint64_t{1} << 63) | number : sequence; }
};

class EntryPool {
  public:
    EntryIndex make() {
        ++size_;
        if (free_ == nothing) {
            entries_.emplace_back();
            return static_cast<EntryIndex>(entries_.size() - 1);
        }
        const EntryIndex index = free_;
        free_ = entries_[index].line.after;
        entries_[index] = {};
        return index;
    }
    void release(EntryIndex index) {
        entries_[index].place = EntryPlace::nowhere;
        entries_[index].line.after = free_;
        free_ = index;
        if (--size_ == 0 && entries_.size() > kept_slots) {
            std::vector<Entry>().swap(entries_);
            free_ = nothing;
        }
    }
    Entry &operator[](EntryIndex index) { return entries_[index]; }
    const Entry &operator[](EntryIndex index) const { return entries_[index]; }

  private:
    std::vector<Entry> entries_;
    EntryIndex free_ = nothing;
    std::size_t size_ = 0;
};

// Linked through the entries themselves: an entry leaves from anywhere at once.
template <EntryLink Entry::*link>
class EntryList {
  public:
    bool empty() const { return first_ == nothing; }
    EntryIndex first() const { return first_; }
    EntryIndex last() const { return last_; }

    void push_back(EntryPool &pool, EntryIndex index) {
        pool[index].*link = {last_, nothing};
        (last_ == nothing ? first_ : (pool[last_].*link).after) = index;
        last_ = index;
    }
    void push_front(EntryPool &pool, EntryIndex index) {
        pool[index].*link = {nothing, first_};
        (first_ == nothing ? last_ : (pool[first_].*link).before) = index;
        first_ = index;
    }
    void remove(EntryPool &pool, EntryIndex index) {
        const EntryLink at = pool[index].*link;
        (at.before == nothing ? first_ : (pool[at.before].*link).after) = at.after;
        (at.after == nothing ? last_ : (pool[at.after].*link).before) = at.before;
    }
    static EntryIndex after(const EntryPool &pool, EntryIndex index) {
        return (pool[index].*link).after;
    }
    static EntryIndex before(const EntryPool &pool, EntryIndex index) {
        return (pool[index].*link).before;
    }

  private:
    EntryIndex first_ = nothing;
    EntryIndex last_ = nothing;
};

using Line = EntryList<&Entry::line>;
using TimeLine = EntryList<&Entry::time>;
using PeerLine = EntryList<&Entry::peer>;

} // namespace webrocket::group_state
