// A channel and who listens to it. Subscriptions belong to the sessions; a channel only knows them.
#pragma once

#include "frame.h"
#include "names.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace webrocket {

class Channel;
struct Subscription;

// A browser's connection, as the hub sees it.
class Subscriber {
  public:
    virtual const std::string &sid() const = 0;
    // Null without authentication.
    virtual const std::string *uid() const = 0;
    virtual void deliver(const Frame &frame) = 0;
    // The channel is being removed: the subscription ends with this call.
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

struct Subscription {
    Subscriber *subscriber = nullptr;
    Channel *channel = nullptr;
    bool hidden = false;
    std::unique_ptr<const Member> member; // on presence channels, and not for the hidden
    std::size_t position = 0;             // in the channel's list
};

class Channel {
  public:
    explicit Channel(std::string name) : name_(std::move(name)), type_(channel_type(name_)) {}
    ~Channel() = default;
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    const std::string &name() const { return name_; }
    ChannelType type() const { return type_; }
    const std::vector<Subscription *> &subscriptions() const { return subscriptions_; }

    void add(Subscription &subscription);
    void remove(Subscription &subscription);
    void deliver(const Frame &frame);
    // Tells every subscriber that the channel is gone.
    void dissolve();

  private:
    std::string name_;
    ChannelType type_;
    std::vector<Subscription *> subscriptions_;
};

} // namespace webrocket
