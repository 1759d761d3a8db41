// Which of pages' events were taken in this turn of a loop: each page is told of its own in one
// message.
#pragma once

#include "net/event_loop.h"

#include <string>
#include <unordered_map>
#include <vector>

namespace webrocket {

class Session;

struct TakenEvents {
    std::vector<std::string> refs;
    std::vector<std::string> unkept; // of these
};

// One for each loop.
class AcceptedRefs final : private TimerEntry {
  public:
    AcceptedRefs() = default;
    ~AcceptedRefs() = default;
    AcceptedRefs(const AcceptedRefs &) = delete;
    AcceptedRefs &operator=(const AcceptedRefs &) = delete;

    // The session says it when the turn is over.
    void add(EventLoop &loop, Session &session, const std::string &ref, bool is_unkept);
    // Before that.
    TakenEvents take(Session &session);

  private:
    void on_timer() override;

    std::unordered_map<Session *, TakenEvents> taken_;
};

// The name of the command that a loop's session obeys at the moment; empty: it has none.
struct CommandRef {
    std::string text;
};

} // namespace webrocket
