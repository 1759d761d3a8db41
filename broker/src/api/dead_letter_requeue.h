// Dead letters that are tried again, one or all: each is kept by its group before its row goes, so
// that a crash in between leaves it in both places and loses nothing.
#pragma once

#include "groups/group.h"
#include "hub/vhost_registry.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace webrocket::admin {

// A few at a time on the thread `storage`, so that other changes have their turn.
class DeadLetterRequeue : public std::enable_shared_from_this<DeadLetterRequeue> {
  public:
    enum class End {
        done,
        refused,   // the group takes no more
        not_stored // as far as the rows go
    };
    struct Result {
        End end;
        std::size_t requeued;
    };
    using Finish = std::function<void(const Result &)>;

    // Without an id: all that are there at the beginning. `finish` is called on that thread.
    DeadLetterRequeue(VhostRegistry &registry, std::shared_ptr<Group> group,
                      std::optional<EventId> id, Finish finish)
        : registry_(registry), group_(std::move(group)), id_(std::move(id)),
          finish_(std::move(finish)) {}

    void begin();

  private:
    void read_some();
    void read(GroupStore &store);
    void requeue_some();
    void remove_rows();
    void end(End how) { finish_({how, requeued_}); }

    VhostRegistry &registry_;
    const std::shared_ptr<Group> group_;
    const std::optional<EventId> id_;
    const Finish finish_;
    // What dies again meanwhile comes behind these, and is not tried once more.
    std::optional<std::size_t> left_;
    std::uint64_t after_ = 0;
    std::vector<StoredDeadLetter> letters_;
    std::vector<std::uint64_t> kept_; // places of those whose rows have to go
    std::size_t removed_ = 0;         // of these: somebody else may have removed some before
    bool is_refused_ = false;
    std::size_t requeued_ = 0;
};

} // namespace webrocket::admin
