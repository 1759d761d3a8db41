// Of each key: which of its events is the one that may be out, and which wait behind it. Events
// that no member's filter matches are not among them.
#pragma once

#include "delivery/entry.h"
#include "delivery/flat_map.h"

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace webrocket::group_state {

class Keys {
  public:
    explicit Keys(EntryPool &pool) : pool_(pool) {}

    // An event has the key, or has it no longer.
    std::uint32_t come(std::uint64_t hash);
    void leave(std::uint32_t key);

    // The one that is ready or in the hands of a member: `nothing` if none is.
    EntryIndex &current(std::uint32_t key) { return keys_[key].current; }
    // How many were given back for later: none of the key is ready meanwhile.
    std::uint32_t &delayed(std::uint32_t key) { return keys_[key].delayed; }
    void wait(EntryIndex index);
    void stop_waiting(EntryIndex index);
    // By rank. `nothing` if none waits.
    EntryIndex first_waiting(std::uint32_t key) const;
    // Nothing waits, and nothing is ready or delayed: all that waits is put in anew.
    void empty();

  private:
    struct Key {
        std::uint64_t hash = 0;
        std::uint64_t events = 0;
        EntryIndex current = nothing;
        std::uint32_t delayed = 0;
        Line fresh;
    };

    EntryPool &pool_;
    std::vector<Key> keys_;
    std::vector<std::uint32_t> free_keys_;
    FlatMap key_of_hash_;
    std::map<std::pair<std::uint32_t, std::uint64_t>, EntryIndex> early_; // what came back
};

} // namespace webrocket::group_state
