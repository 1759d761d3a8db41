#include "hub/vhost.h"

#include "base/without_exceptions.h"
#include "hub/topic.h"
#include "websocket/frame.h"

#include <algorithm>

namespace webrocket {

// On its way to the loops with listeners, behind everything that was published before.
class Vhost::ChannelRemoval final : public Addressee {
  public:
    ChannelRemoval(std::shared_ptr<Vhost> vhost, std::shared_ptr<Channel> channel)
        : vhost_(std::move(vhost)), channel_(std::move(channel)) {}
    void receive(std::span<const Letter>, EventLoop &loop) override {
        vhost_->dissolve_channel_on(loop, *channel_);
    }

  private:
    std::shared_ptr<Vhost> vhost_;
    std::shared_ptr<Channel> channel_;
};

class Vhost::VhostRemoval final : public Addressee {
  public:
    explicit VhostRemoval(std::shared_ptr<Vhost> vhost) : vhost_(std::move(vhost)) {}
    void receive(std::span<const Letter>, EventLoop &loop) override { vhost_->dissolve_on(loop); }

  private:
    std::shared_ptr<Vhost> vhost_;
};

Vhost::Vhost(std::string path, const std::string &access_token, EventLoops &loops,
             const VhostLimits &limits)
    : path_(std::move(path)), loops_(loops), limits_(limits), credentials_(access_token),
      connections_(limits.connections_max), tokens_(path_, limits.tokens), sessions_(loops.size()),
      workers_(limits.workers) {}

std::shared_ptr<Channel> Vhost::find_channel(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = channels_.find(name);
    return found == channels_.end() ? nullptr : found->second;
}

std::size_t Vhost::channel_count() const {
    const std::lock_guard lock(mutex_);
    return channels_.size();
}

std::vector<ChannelSummary> Vhost::channels() const {
    const std::lock_guard lock(mutex_);
    std::vector<ChannelSummary> all;
    all.reserve(channels_.size());
    for (const auto &[name, channel] : channels_)
        all.push_back(summary_locked(*channel));
    return all;
}

std::vector<ChannelSummary> Vhost::channels(std::string_view prefix, std::string_view after,
                                            std::size_t limit) const {
    std::vector<ChannelSummary> found;
    const std::lock_guard lock(mutex_);
    auto at = after < prefix ? channels_.lower_bound(prefix) : channels_.upper_bound(after);
    for (; at != channels_.end() && at->first.starts_with(prefix) && found.size() < limit; ++at)
        found.push_back(summary_locked(*at->second));
    return found;
}

ChannelSummary Vhost::summary(const Channel &channel) const {
    const std::lock_guard lock(mutex_);
    return summary_locked(channel);
}

ChannelSummary Vhost::summary_locked(const Channel &channel) {
    ChannelSummary summary{channel.name(), channel.fan_out().size(), std::nullopt};
    if (channel.type() == ChannelType::presence)
        summary.members = channel.roster().members();
    return summary;
}

std::size_t Vhost::subscriber_count(const Channel &channel) const {
    const std::lock_guard lock(mutex_);
    return channel.fan_out().size();
}

std::vector<SubscriberSummary> Vhost::subscribers(const Channel &channel, std::string_view after,
                                                  std::size_t limit) const {
    const std::lock_guard lock(mutex_);
    const auto by_sid = [](const Subscription *a, const Subscription *b) {
        return a->subscriber->sid() < b->subscriber->sid();
    };
    std::vector<const Subscription *> page;
    channel.fan_out().for_each([&](const Subscription &subscription) {
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
        SubscriberSummary summary{subscription->subscriber->sid(), std::nullopt,
                                  subscription->hidden, subscription->data};
        if (subscription->identity)
            summary.uid = subscription->identity->uid;
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

bool Vhost::publish(Channel &channel, std::string_view message) {
    const auto frame = share(websocket_text(message));
    const std::lock_guard lock(mutex_);
    if (channel.is_closed())
        return false;
    channel.publish(frame);
    return true;
}

Joining Vhost::subscribe(const std::shared_ptr<Channel> &channel, Subscription &subscription,
                         const std::function<void(const std::string &roster)> &welcome) {
    const std::lock_guard lock(mutex_);
    if (channel->is_closed())
        return Joining::channel_closed;
    const bool presence = channel->type() == ChannelType::presence;
    if (presence) {
        const RosterRoom room = channel->roster().room_for(subscription, limits_.get()->roster);
        if (room == RosterRoom::roster_full)
            return Joining::roster_full;
        if (room == RosterRoom::too_many_of_user)
            return Joining::too_many_of_user;
    }
    welcome(presence ? channel->roster().text() : std::string());
    channel->add(subscription);
    // Whoever has come has come, whether or not there is memory to tell the others.
    without_exceptions([&] {
        if (subscription.member)
            channel->publish(share(websocket_text(member_joined(*subscription.member))));
        if (presence)
            report_locked(subscription, joined_event, joined_report(subscription));
    });
    return Joining::joined;
}

void Vhost::unsubscribe(Subscription &subscription, Departure departure,
                        const JsonMembers &farewell) {
    const std::lock_guard lock(mutex_);
    Channel &channel = *subscription.channel;
    channel.remove(subscription);
    // Who is on a closed channel is told that it is closed, and the workers were told of it.
    if (channel.is_closed())
        return;
    // Whoever goes has gone, whether or not there is memory to tell the others.
    without_exceptions([&] {
        if (subscription.member)
            channel.publish(share(websocket_text(member_left(subscription, farewell))));
        if (channel.type() == ChannelType::presence)
            report_locked(subscription, left_event, left_report(subscription, departure, farewell));
    });
}

void Vhost::report_locked(const Subscription &subscription, std::string_view event,
                          const std::string &payload) {
    if (workers_.is_anybody_there())
        workers_.dispatch(implicit_topic(subscription.channel->name(), event), payload);
}

void Vhost::identify(Subscription &subscription, std::shared_ptr<const Permission> identity) {
    const std::lock_guard lock(mutex_);
    subscription.identity = std::move(identity);
}

void Vhost::set_limits(const VhostLimits &limits) {
    limits_.set(limits);
    connections_.set_max(limits.connections_max);
    tokens_.set_limits(limits.tokens);
    workers_.set_limits(limits.workers);
}

void Vhost::add_channel(std::string_view name) {
    auto channel = std::make_shared<Channel>(std::string(name), loops_);
    const std::lock_guard lock(mutex_);
    channels_.emplace(name, std::move(channel));
}

void Vhost::remove_channel(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto found = channels_.find(name);
    if (found == channels_.end())
        return;
    const auto channel = found->second;
    channels_.erase(found);
    remove_locked(channel);
}

void Vhost::remove_all_channels() {
    const std::lock_guard lock(mutex_);
    const auto removed = std::move(channels_);
    channels_.clear();
    for (const auto &entry : removed)
        remove_locked(entry.second);
}

void Vhost::remove_locked(const std::shared_ptr<Channel> &channel) {
    for (const Subscription *subscription : channel->close()) {
        without_exceptions([&] {
            report_locked(*subscription, left_event,
                          left_report(*subscription, Departure::removed, {}));
        });
    }
    channel->send_end(std::make_shared<ChannelRemoval>(shared_from_this(), channel));
}

void Vhost::dissolve_channel_on(EventLoop &loop, Channel &channel) {
    std::vector<Subscription *> listeners;
    {
        const std::lock_guard lock(mutex_);
        listeners = channel.take_listeners_of(loop);
    }
    for (Subscription *subscription : listeners)
        subscription->subscriber->channel_removed(*subscription);
}

// The browsers learn that the vhost is gone, not that each of its channels is.
void Vhost::dissolve() {
    {
        const std::lock_guard lock(mutex_);
        dissolved_ = true;
        for (const auto &entry : channels_)
            entry.second->close();
        channels_.clear();
        workers_.dismiss_all();
    }
    const auto removal = std::make_shared<VhostRemoval>(shared_from_this());
    for (std::size_t i = 0; i < loops_.size(); ++i)
        loops_[i].send({removal, nullptr, 0});
}

void Vhost::dissolve_on(EventLoop &loop) {
    for (Subscriber *browser : sessions_.take_all_on(loop))
        browser->vhost_removed();
}

} // namespace webrocket
