// Gives the groups what the log has of theirs.
#pragma once

#include "event_log/event_log.h"
#include "groups/kept_group.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>

namespace webrocket {

class GroupRecovery final : public LogVisitor {
  public:
    explicit GroupRecovery(std::map<std::uint32_t, std::shared_ptr<KeptGroup>> groups)
        : groups_(std::move(groups)) {}

    void event(const LogEvent &event, std::span<const RecoveredAttempt> attempts) override;
    void gap(const LogGap &gap) override;
    void key(const LogKey &) override {}
    void reference(const LogEvent &) override {}

    // Groups that the log knows, and nobody else.
    const std::set<std::uint32_t> &unknown() const { return unknown_; }

  private:
    KeptGroup *group(std::uint32_t number);

    std::map<std::uint32_t, std::shared_ptr<KeptGroup>> groups_;
    std::set<std::uint32_t> unknown_;
};

} // namespace webrocket
