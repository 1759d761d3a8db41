// A channel: who is on it, on whichever loop, and what happens there, one thing after the other.
#pragma once

#include "base/current.h"
#include "base/json.h"
#include "hub/event_keeper.h"
#include "hub/fan_out.h"
#include "hub/fan_out_budget.h"
#include "hub/names.h"
#include "hub/presence.h"
#include "hub/roster.h"
#include "hub/subscriber.h"
#include "hub/workers.h"
#include "net/event_loop.h"
#include "net/event_loops.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

enum class Joining { joined, channel_closed, roster_full, too_many_of_user, budget_exceeded };
enum class Publishing { published, channel_closed, budget_exceeded };

struct JoinedChannel {
    Joining outcome;
    // Of a presence channel: who was there before, as a JSON array.
    std::string roster;
};

struct ChannelSummary {
    std::string name;
    std::size_t subscribers = 0;
    std::optional<std::size_t> members; // whom others see, on a presence channel
};

struct SubscriberSummary {
    std::string sid;
    std::optional<std::string> uid;
    bool hidden = false;
    std::string data; // JSON, or empty
};

// Any thread may use it. A lock of its own gives what happens here its order: what is published,
// who comes, who goes, the end. What is said of it is made before that.
class Channel final : public Addressee, public std::enable_shared_from_this<Channel> {
  public:
    // What it is given must be there as long as it is called. Letters may keep it longer.
    Channel(std::string name, EventLoops &loops, Workers &workers,
            const Current<RosterLimits> &limits, FanOutBudget &budget);
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    const std::string &name() const { return name_; }
    ChannelType type() const { return type_; }
    // For good: one of the same name that is opened later is another one.
    bool is_closed() const { return closed_; }
    std::size_t subscriber_count() const;
    ChannelSummary summary() const;
    // Sorted by sid, those behind `after` only, and `limit` of them at most.
    std::vector<SubscriberSummary> subscribers(std::string_view after, std::size_t limit) const;

    // A message to everyone who listens. Each hears what is published here in the same order as
    // everybody else.
    [[nodiscard]] Publishing publish(std::string message);

    // On the subscriber's loop. Every join and leave is announced if the member can be seen, a join
    // to the newcomer too: it hears that, and what comes after it, in a later turn of its loop.
    JoinedChannel join(Subscription &subscription);
    void leave(Subscription &subscription, Departure departure, const JsonMembers &farewell = {});
    // The subscriber goes on as somebody else.
    void identify(Subscription &subscription, std::shared_ptr<const Permission> identity);

    // Everybody is told, and let go.
    void close();
    // They hear of the end of all of it from their vhost.
    void close_with_vhost();

    // On each loop, without the lock.
    void receive(std::span<const Letter> letters, EventLoop &loop) override {
        fan_out_.deliver(letters, loop);
    }

  private:
    class End;
    struct News;

    template <typename MakeReport>
    void add_report(News &news, const Subscription &who, std::string_view event,
                    const MakeReport &make_report) const;
    KeptReport report_about(const Subscription &who, const std::string &topic,
                            SharedBytes record) const;
    News news_of_joining(const Subscription &subscription) const;
    News news_of_leaving(const Subscription &subscription, Departure departure,
                         const JsonMembers &farewell) const;
    // With the lock.
    Joining room_for(const Subscription &subscription, const News &news,
                     const RosterLimits &limits);
    void add(Subscription &subscription);
    void tell(const News &news);
    // What a frame comes to, times its listeners.
    std::uint64_t cost_of(const SharedBytes &frame) const {
        return frame ? std::uint64_t{frame->size()} * fan_out_.size() : 0;
    }

    void end_on(const EventLoop &loop);

    const std::string name_;
    const ChannelType type_;
    Workers &workers_;
    const Current<RosterLimits> &limits_;
    FanOutBudget &budget_;

    mutable std::mutex order_;
    std::atomic<bool> closed_ = false; // changed with the lock
    FanOut fan_out_;
    FanOutBudget::Tab tab_;
    Roster roster_; // of a presence channel
};

} // namespace webrocket
