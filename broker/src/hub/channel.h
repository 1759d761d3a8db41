// A channel and who listens to it, on whichever loop. It is guarded by its vhost; only what a loop
// keeps of its own listeners is read by that loop without asking.
#pragma once

#include "hub/connection_listing.h"
#include "hub/names.h"
#include "hub/token_book.h"
#include "net/event_loop.h"
#include "net/shared_bytes.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace webrocket {

class Channel;
struct Subscription;

// A browser's connection, as channels and vhosts see it. It lives on one loop, and is called there.
class Subscriber {
  public:
    virtual const std::string &sid() const = 0; // never changes: any thread may ask
    virtual EventLoop &loop() = 0;              // likewise
    virtual void deliver(const Frame &frame) = 0;
    virtual ConnectionView view() const = 0;
    // The channel is gone: the subscription ends with this call.
    virtual void channel_removed(Subscription &subscription) = 0;
    virtual void vhost_removed() = 0;

  protected:
    ~Subscriber() = default;
};

// What the others on a presence channel see of a subscriber.
struct Member {
    std::string uid;   // of the time when it came
    std::string entry; // JSON: its data with uid and channel
};

// Belongs to the session. What others may read of it changes under the vhost's lock.
struct Subscription {
    Subscriber *subscriber = nullptr;
    std::shared_ptr<Channel> channel;
    // Who the subscriber is by now; null without authentication.
    std::shared_ptr<const Permission> identity;
    bool hidden = false;
    std::unique_ptr<const Member> member; // on presence channels, and not for the hidden
    std::string data;                     // JSON; what it said about itself, on presence channels
    std::uint64_t since = 0;              // hears what has a higher number
    std::size_t position = 0;             // among all of the channel
    std::size_t position_on_loop = 0;     // among those of its loop
};

class Channel final : public Addressee, public std::enable_shared_from_this<Channel> {
  public:
    Channel(std::string name, std::size_t loop_count)
        : name_(std::move(name)), type_(channel_type(name_)), on_loop_(loop_count) {}
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    const std::string &name() const { return name_; }
    ChannelType type() const { return type_; }

    // The rest needs the vhost's lock, but for what is said of receive() and dissolve_on().
    const std::vector<Subscription *> &subscriptions() const { return subscriptions_; }
    // What the members' entries come to.
    std::size_t roster_bytes() const { return roster_bytes_; }
    // How many of a presence channel's can be seen.
    std::size_t members() const { return members_; }
    // Of one user, to a presence channel.
    std::size_t subscriptions_of(const std::string &uid) const;
    bool is_closed() const { return closed_; }
    void close() { closed_ = true; }

    void add(Subscription &subscription);
    void remove(Subscription &subscription);
    // What is published now has this number.
    std::uint64_t next_number() { return ++last_number_; }
    bool has_listeners_on(std::size_t loop) const { return !on_loop_[loop].empty(); }

    // On each loop, without the lock: delivers to that loop's listeners, to one after the other all
    // that has come. To go through thousands of them costs more than what they are given.
    void receive(std::span<const Letter> letters, EventLoop &loop) override;
    // The listeners of a loop, which become nobody's. On that loop, with the lock.
    std::vector<Subscription *> take_listeners_of(std::size_t loop);

  private:
    void forget(const std::string &uid);

    const std::string name_;
    const ChannelType type_;
    bool closed_ = false;
    std::uint64_t last_number_ = 0;
    std::size_t roster_bytes_ = 0;
    std::size_t members_ = 0;
    std::unordered_map<std::string, std::size_t> subscriptions_by_uid_; // on presence channels
    std::vector<Subscription *> subscriptions_;
    std::vector<std::vector<Subscription *>> on_loop_; // changed by its loop, with the lock
};

} // namespace webrocket
