// What has to be written because of what happened in a group.
#pragma once

#include "delivery/types.h"
#include "groups/kept_event.h"

#include <cstdint>
#include <vector>

namespace webrocket {

// An event that was given up: its row is to be stored before the log forgets it.
struct DeadLetterToStore {
    std::uint64_t sequence = 0;
    std::uint64_t cookie = 0;
    std::uint32_t topic = 0;
    std::uint32_t attempt = 0;
    ReturnReason reason = ReturnReason::none;
    KeptEventPtr event; // null: it has to be read
};

struct Unwritten {
    std::vector<std::uint64_t> settled;
    std::vector<DeliveryAttempt> attempts;
    std::vector<DeliveryGap> gaps;
    std::vector<DeadLetterToStore> dead_letters;

    bool empty() const {
        return settled.empty() && attempts.empty() && gaps.empty() && dead_letters.empty();
    }
};

} // namespace webrocket
