// Who listens to a channel, loop by loop, and the way of what is published to them.
#pragma once

#include "hub/subscriber.h"
#include "hub/subscription_list.h"
#include "net/event_loops.h"
#include "net/shared_bytes.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace webrocket {

// Its channel guards it. What a loop keeps of its own listeners is changed on that loop alone, so
// that loop reads it unguarded.
class FanOut {
  public:
    explicit FanOut(EventLoops &loops) : loops_(loops), on_loop_(loops.size()) {}

    // On the subscription's loop. The next add() needs no memory then.
    void make_room_for(const Subscription &subscription);
    // On its loop: it hears what is published from now on.
    void add(Subscription &subscription);
    // On its loop. Nothing happens if it was taken.
    void remove(const Subscription &subscription);
    // Those of a loop, on that loop.
    std::vector<Subscription *> take_all_on(const EventLoop &loop);

    // To each loop that has listeners: the next of what is published, which `channel` receives.
    void publish(const std::shared_ptr<Addressee> &channel, const SharedBytes &frame);
    // Behind all that was published, to these loops.
    void send_end(const std::shared_ptr<Addressee> &end);
    // On that loop, unguarded: to one listener after the other all that has come, what is small as
    // one text. To go through thousands of them costs more than what they are given.
    void deliver(std::span<const Letter> letters, const EventLoop &loop) const;

    std::size_t size() const;
    template <typename Action>
    void for_each(const Action &action) const {
        for (const auto &listeners : on_loop_) {
            for (const Subscription *subscription : listeners)
                action(*subscription);
        }
    }

  private:
    using Listeners = SubscriptionList<&Subscription::position_on_loop>;

    static void deliver_later_ones(std::span<const Letter> letters,
                                   const Subscription &subscription);
    void send(const std::shared_ptr<Addressee> &to, const SharedBytes &bytes, std::uint64_t number);

    EventLoops &loops_;
    std::vector<Listeners> on_loop_;
    std::uint64_t last_number_ = 0;
};

} // namespace webrocket
