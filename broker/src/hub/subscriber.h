// Who listens, and to what: as channels see a browser's connection.
#pragma once

#include "hub/session_listing.h"
#include "hub/token_book.h"
#include "net/event_loop.h"
#include "net/held_memory.h"
#include "net/shared_bytes.h"

#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

class Channel;
struct Subscription;

// Its place among the sessions of its vhost and loop.
using SubscriberHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

// A browser's connection, as channels and vhosts see it. It lives on one loop, and is called there.
class Subscriber : public SubscriberHook {
  public:
    virtual std::string_view sid() const = 0; // never changes: any thread may ask
    virtual EventLoop &loop() = 0;            // likewise
    // So many messages, each whole.
    virtual void deliver(const Frame &frames, std::size_t count) = 0;
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

// Belongs to the session. What others may read of it changes under the channel's lock.
struct Subscription {
    Subscriber *subscriber = nullptr;
    std::shared_ptr<Channel> channel;
    // Who the subscriber is by now; null without authentication.
    std::shared_ptr<const Permission> identity;
    bool hidden = false;
    HeldBytes<std::uint32_t> held;        // by all that is here: it is no longer than a message
    std::unique_ptr<const Member> member; // on presence channels, and not for the hidden
    std::string data;                     // JSON; what it said about itself, on presence channels
    std::uint64_t since = 0;              // hears what has a higher number
    std::size_t position_on_loop = 0;     // among the channel's of its loop
    std::size_t position_on_roster = 0;   // on presence channels
};

// With its place in the lists of its channel and its session.
inline std::size_t held_bytes_of(const Subscription &subscription) {
    constexpr std::size_t places = 32;
    return sizeof subscription + places + subscription.data.capacity() +
           (subscription.member ? sizeof(Member) + subscription.member->entry.capacity() : 0);
}

} // namespace webrocket
