// Losses that are to be told. What is lost for one reason is one gap, until that is handed out.
#pragma once

#include "delivery/entry.h"
#include "delivery/types.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

namespace webrocket::group_state {

class Gaps {
  public:
    explicit Gaps(EntryPool &pool) : pool_(pool) {}

    // Adds to the gap of that reason that is still to be written, or to a new one. Where two are
    // written that nobody was handed, the later of them becomes part of it: its entry is returned,
    // for its SEQ to be settled; it has no SEQ then. Else `nothing`.
    EntryIndex merge(const DeliveryGap &loss);
    bool has_unwritten() const;
    // To be written now.
    void take_unwritten(std::vector<DeliveryGap> &into);
    // The entry that is ready now; `nothing` if none has that number, or it has a SEQ.
    EntryIndex name(std::uint64_t number, std::uint64_t sequence);
    // One that perhaps was handed out before.
    EntryIndex restore(std::uint64_t sequence, const DeliveryGap &gap);

    // The next to be handed out. `nothing` if there is none.
    EntryIndex first() const;
    void put(EntryIndex index); // back
    void hand_out(EntryIndex index);
    // Acknowledged; it is in nobody's hands any more.
    void forget(EntryIndex index);

    const DeliveryGap &of(EntryIndex index) const { return gaps_.at(pool_[index].cookie).told; }
    std::size_t size() const { return gaps_.size(); }

  private:
    struct Gap {
        DeliveryGap told;
        EntryIndex entry = nothing;
    };
    struct Reason {
        std::uint64_t unwritten = 0;      // its number; 0: none
        std::deque<std::uint64_t> untold; // have a SEQ, were never handed out
    };

    Reason &reason_of(EntryIndex index) { return reasons_[at(of(index).reason)]; }
    static std::size_t at(GapReason reason) { return static_cast<std::size_t>(reason); }
    std::uint64_t make(const DeliveryGap &gap);

    EntryPool &pool_;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, Gap> gaps_; // by number
    std::array<Reason, 4> reasons_;
    std::map<std::uint64_t, EntryIndex> fresh_; // by SEQ: never handed out
    std::map<std::uint64_t, EntryIndex> early_; // came back
    std::uint64_t out_ = 0;                     // handed out at least once
};

} // namespace webrocket::group_state
