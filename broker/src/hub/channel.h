// A channel and who is on it, on whichever loop. It is guarded by its vhost; only what a loop keeps
// of its own listeners is read by that loop without asking.
#pragma once

#include "hub/fan_out.h"
#include "hub/names.h"
#include "hub/roster.h"
#include "hub/subscriber.h"
#include "net/event_loop.h"
#include "net/event_loops.h"
#include "net/shared_bytes.h"

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace webrocket {

class Channel final : public Addressee, public std::enable_shared_from_this<Channel> {
  public:
    Channel(std::string name, EventLoops &loops)
        : name_(std::move(name)), type_(channel_type(name_)), fan_out_(loops) {}
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    const std::string &name() const { return name_; }
    ChannelType type() const { return type_; }

    // The rest needs the vhost's lock, but for what is said of receive() and take_listeners_of().
    const FanOut &fan_out() const { return fan_out_; }
    // Of a presence channel.
    const Roster &roster() const { return roster_; }
    bool is_closed() const { return closed_; }
    // For good. Whoever was on the roster is on it no more.
    std::vector<Subscription *> close();

    void add(Subscription &subscription);
    void remove(Subscription &subscription);
    void publish(const SharedBytes &frame) { fan_out_.publish(shared_from_this(), frame); }
    // To the loops with listeners, behind what was published.
    void send_end(const std::shared_ptr<Addressee> &end) { fan_out_.send_end(end); }

    // On each loop, without the lock.
    void receive(std::span<const Letter> letters, EventLoop &loop) override {
        fan_out_.deliver(letters, loop);
    }
    // The listeners of a loop, which become nobody's. On that loop, with the lock.
    std::vector<Subscription *> take_listeners_of(const EventLoop &loop) {
        return fan_out_.take_all_on(loop);
    }

  private:
    const std::string name_;
    const ChannelType type_;
    bool closed_ = false;
    FanOut fan_out_;
    Roster roster_;
};

} // namespace webrocket
