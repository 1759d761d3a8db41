#include "groups/group_recovery.h"

namespace webrocket {

KeptGroup *GroupRecovery::group(std::uint32_t number) {
    const auto found = groups_.find(number);
    if (found != groups_.end())
        return found->second.get();
    unknown_.insert(number);
    return nullptr;
}

void GroupRecovery::event(const LogEvent &event, std::span<const RecoveredAttempt> attempts) {
    for (const std::uint32_t number : event.groups) {
        KeptGroup *const waiting = group(number);
        if (waiting == nullptr)
            continue;
        DeliveryTries tries;
        const auto tried = std::find_if(attempts.begin(), attempts.end(),
                                        [number](const auto &a) { return a.group == number; });
        if (tried != attempts.end())
            tries = {tried->number, tried->counted, static_cast<ReturnReason>(tried->reason),
                     tried->aged_from_ms, tried->ready_ms};
        waiting->restore(event, tries);
    }
}

void GroupRecovery::gap(const LogGap &gap) {
    if (KeptGroup *const waiting = group(gap.group))
        waiting->restore(gap);
}

} // namespace webrocket
