#include "hub/channel.h"

#include "base/without_exceptions.h"
#include "hub/payload.h"
#include "hub/topic.h"
#include "net/shared_bytes.h"
#include "websocket/frame.h"

#include <algorithm>
#include <utility>

namespace webrocket {

// On its way to the loops with listeners, behind everything that was published before.
class Channel::End final : public Addressee {
  public:
    explicit End(std::shared_ptr<Channel> channel) : channel_(std::move(channel)) {}
    void receive(std::span<const Letter>, EventLoop &loop) override { channel_->end_on(loop); }

  private:
    std::shared_ptr<Channel> channel_;
};

// What others are told of somebody who comes or goes.
struct Channel::News {
    SharedBytes frame; // for pages; null if it cannot be seen
    Workers::Match workers;
    SharedBytes record;               // for them; null if there are none
    std::optional<KeptReport> report; // for those who keep it
};

Channel::Channel(std::string name, EventLoops &loops, Workers &workers,
                 const Current<RosterLimits> &limits, FanOutBudget &budget)
    : name_(std::move(name)), type_(channel_type(name_)), workers_(workers), limits_(limits),
      budget_(budget), fan_out_(loops) {}

std::size_t Channel::subscriber_count() const {
    const std::lock_guard lock(order_);
    return fan_out_.size();
}

ChannelSummary Channel::summary() const {
    ChannelSummary summary{name_, 0, std::nullopt};
    const std::lock_guard lock(order_);
    summary.subscribers = fan_out_.size();
    if (type_ == ChannelType::presence)
        summary.members = roster_.members();
    return summary;
}

std::vector<SubscriberSummary> Channel::subscribers(std::string_view after,
                                                    std::size_t limit) const {
    const auto by_sid = [](const Subscription *a, const Subscription *b) {
        return a->subscriber->sid() < b->subscriber->sid();
    };
    const std::lock_guard lock(order_);
    std::vector<const Subscription *> page;
    fan_out_.for_each([&](const Subscription &subscription) {
        if (subscription.subscriber->sid() > after)
            page.push_back(&subscription);
    });
    limit = std::min(limit, page.size());
    std::partial_sort(page.begin(), page.begin() + static_cast<std::ptrdiff_t>(limit), page.end(),
                      by_sid);
    page.resize(limit);
    std::vector<SubscriberSummary> summaries;
    summaries.reserve(limit);
    for (const Subscription *subscription : page) {
        SubscriberSummary summary{std::string(subscription->subscriber->sid()), std::nullopt,
                                  subscription->hidden, subscription->data};
        if (subscription->identity)
            summary.uid = subscription->identity->uid;
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

Publishing Channel::publish(std::string message) {
    const auto frame = share(websocket_text(std::move(message)));
    {
        const std::lock_guard lock(order_);
        if (closed_)
            return Publishing::channel_closed;
        if (budget_.allows(tab_, cost_of(frame))) {
            fan_out_.publish(shared_from_this(), frame);
            return Publishing::published;
        }
    }
    budget_.note_refusal();
    return Publishing::budget_exceeded;
}

JoinedChannel Channel::join(Subscription &subscription) {
    subscription.channel = shared_from_this();
    const News news = news_of_joining(subscription);
    const auto limits = limits_.get();
    std::unique_lock lock(order_);
    JoinedChannel joined{room_for(subscription, news, *limits), {}};
    if (joined.outcome != Joining::joined) {
        lock.unlock();
        if (joined.outcome == Joining::budget_exceeded)
            budget_.note_refusal();
        return joined;
    }
    if (type_ == ChannelType::presence)
        joined.roster = roster_.text();
    add(subscription);
    tell(news);
    return joined;
}

Joining Channel::room_for(const Subscription &subscription, const News &news,
                          const RosterLimits &limits) {
    if (closed_)
        return Joining::channel_closed;
    if (type_ != ChannelType::presence)
        return Joining::joined;
    switch (roster_.room_for(subscription, limits)) {
    case RosterRoom::enough:
        break;
    case RosterRoom::roster_full:
        return Joining::roster_full;
    case RosterRoom::too_many_of_user:
        return Joining::too_many_of_user;
    }
    return budget_.allows(tab_, cost_of(news.frame)) ? Joining::joined : Joining::budget_exceeded;
}

// Where there is no memory nobody is on the channel by half.
void Channel::add(Subscription &subscription) {
    fan_out_.make_room_for(subscription);
    if (type_ == ChannelType::presence)
        roster_.add(subscription);
    fan_out_.add(subscription);
}

void Channel::leave(Subscription &subscription, Departure departure, const JsonMembers &farewell) {
    News news;
    // Whoever goes has gone, whether or not there is memory to tell the others.
    without_exceptions([&] { news = news_of_leaving(subscription, departure, farewell); });
    const std::lock_guard lock(order_);
    fan_out_.remove(subscription);
    // Who is on a closed channel is told that it is closed, and the workers were told of it.
    if (closed_)
        return;
    if (type_ == ChannelType::presence)
        roster_.remove(subscription);
    budget_.charge(tab_, cost_of(news.frame));
    tell(news);
}

template <typename MakeReport>
void Channel::add_report(News &news, const Subscription &who, std::string_view event,
                         const MakeReport &make_report) const {
    const EventKeeper *const keeper = workers_.keeper();
    if (type_ != ChannelType::presence || (!workers_.is_anybody_there() && keeper == nullptr))
        return;
    const std::string topic = implicit_topic(name_, event);
    news.workers = workers_.match(topic);
    const bool is_kept = keeper != nullptr && keeper->wants(topic);
    if (news.workers.empty() && !is_kept)
        return;
    const SharedBytes record = share(report_record(topic, make_report()));
    if (!news.workers.empty())
        news.record = record;
    if (is_kept)
        news.report = report_about(who, topic, record);
}

KeptReport Channel::report_about(const Subscription &who, const std::string &topic,
                                 SharedBytes record) const {
    return {topic, std::string(who.subscriber->sid()),
            who.identity ? std::optional(who.identity->uid) : std::nullopt, name_,
            std::move(record)};
}

Channel::News Channel::news_of_joining(const Subscription &subscription) const {
    News news;
    if (subscription.member)
        news.frame = share(websocket_text(member_joined(*subscription.member)));
    add_report(news, subscription, joined_event, [&] { return joined_report(subscription); });
    return news;
}

Channel::News Channel::news_of_leaving(const Subscription &subscription, Departure departure,
                                       const JsonMembers &farewell) const {
    News news;
    if (is_closed())
        return news;
    if (subscription.member)
        news.frame = share(websocket_text(member_left(subscription, farewell)));
    add_report(news, subscription, left_event,
               [&] { return left_report(subscription, departure, farewell); });
    return news;
}

// What has happened has happened, whether or not there is memory to tell the others.
void Channel::tell(const News &news) {
    without_exceptions([&] {
        if (news.frame)
            fan_out_.publish(shared_from_this(), news.frame);
        if (news.record)
            workers_.dispatch(news.workers, news.record);
        if (news.report)
            workers_.keeper()->keep(*news.report);
    });
}

void Channel::identify(Subscription &subscription, std::shared_ptr<const Permission> identity) {
    const std::lock_guard lock(order_);
    subscription.identity = std::move(identity);
}

// With the lock until the last report: once it has left, a subscription is its session's to
// destroy.
void Channel::close() {
    const auto end = std::make_shared<End>(shared_from_this());
    const std::string topic = implicit_topic(name_, left_event);
    const auto workers = workers_.match(topic);
    EventKeeper *const keeper = workers_.keeper();
    const bool is_kept = keeper != nullptr && keeper->wants(topic);
    const std::lock_guard lock(order_);
    closed_ = true;
    for (const Subscription *subscription : roster_.take_all()) {
        without_exceptions([&] {
            if (workers.empty() && !is_kept)
                return;
            const SharedBytes record =
                share(report_record(topic, left_report(*subscription, Departure::removed, {})));
            workers_.dispatch(workers, record);
            if (is_kept)
                keeper->keep(report_about(*subscription, topic, record));
        });
    }
    fan_out_.send_end(end);
}

void Channel::close_with_vhost() {
    const std::lock_guard lock(order_);
    closed_ = true;
    roster_.take_all();
}

void Channel::end_on(const EventLoop &loop) {
    std::vector<Subscription *> listeners;
    {
        const std::lock_guard lock(order_);
        listeners = fan_out_.take_all_on(loop);
    }
    // Where one of them cannot be told, the others are.
    for (Subscription *subscription : listeners)
        without_exceptions([&] { subscription->subscriber->channel_removed(*subscription); });
}

} // namespace webrocket
