// Which of a page's events were taken in this turn of its loop: it is told of them in one message.
#pragma once

#include "net/event_loop.h"

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace webrocket {

class AcceptedRefs final : private TimerEntry {
  public:
    // `say` is called when the turn is over, if something was added.
    explicit AcceptedRefs(std::function<void()> say) : say_(std::move(say)) {}
    ~AcceptedRefs() = default;
    AcceptedRefs(const AcceptedRefs &) = delete;
    AcceptedRefs &operator=(const AcceptedRefs &) = delete;

    void add(EventLoop &loop, const std::string &ref, bool is_unkept) {
        if (refs.empty())
            loop.arm(*this, std::chrono::milliseconds(0));
        refs.push_back(ref);
        if (is_unkept)
            unkept.push_back(ref);
    }
    void clear() {
        refs.clear();
        unkept.clear();
        EventLoop::disarm(*this);
    }

    std::vector<std::string> refs;
    std::vector<std::string> unkept;

  private:
    void on_timer() override { say_(); }

    const std::function<void()> say_;
};

} // namespace webrocket
