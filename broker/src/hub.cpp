#include "hub.h"

#include "presence.h"
#include "secrets.h"

#include <spdlog/spdlog.h>

namespace webrocket {
namespace {

// People read `priv-` in old examples and expect a private channel.
void warn_about_misleading_name(std::string_view vhost, std::string_view channel) {
    if (channel.starts_with("priv-"))
        spdlog::warn("channel {} of {} is open to everyone: private ones start with private-",
                     channel, vhost);
}

} // namespace

Hub::Hub(Store &store, const TokenLimits &token_limits)
    : store_(store), token_limits_(token_limits) {
    for (auto &stored : store_.load()) {
        auto vhost = make_vhost(stored.path, stored.access_token);
        for (auto &name : stored.channels)
            vhost->channels_.emplace(name, std::make_unique<Channel>(name));
        vhosts_.emplace(stored.path, std::move(vhost));
    }
}

std::unique_ptr<Vhost> Hub::make_vhost(std::string path, std::string access_token) const {
    return std::make_unique<Vhost>(std::move(path), std::move(access_token),
                                   std::make_unique<MemoryTokenBook>(token_limits_),
                                   std::make_unique<WorkerPools>());
}

Vhost *Hub::find_vhost(std::string_view path) const {
    const auto found = vhosts_.find(path);
    return found == vhosts_.end() ? nullptr : found->second.get();
}

Vhost &Hub::add_vhost(std::string_view path) {
    auto vhost = make_vhost(std::string(path), random_hex(vhost_token_length));
    store_.add_vhost(path, vhost->access_token());
    spdlog::info("vhost {} added", path);
    return *vhosts_.emplace(path, std::move(vhost)).first->second;
}

void Hub::remove_vhost(Vhost &vhost) {
    store_.remove_vhost(vhost.path());
    spdlog::info("vhost {} removed", vhost.path());
    const auto removed = vhosts_.extract(vhosts_.find(vhost.path()));
    dissolve(*removed.mapped());
}

void Hub::remove_all_vhosts() {
    store_.remove_all_vhosts();
    spdlog::info("all vhosts removed");
    const auto removed = std::move(vhosts_);
    vhosts_.clear();
    for (const auto &entry : removed)
        dissolve(*entry.second);
}

// The connections learn that the vhost is gone, not that each of its channels is.
void Hub::dissolve(Vhost &vhost) {
    const auto subscribers = std::move(vhost.subscribers_);
    vhost.subscribers_.clear();
    for (Subscriber *subscriber : subscribers)
        subscriber->vhost_removed();
    vhost.workers().dismiss_all();
}

void Hub::renew_access_token(Vhost &vhost) {
    std::string token = random_hex(vhost_token_length);
    store_.set_access_token(vhost.path(), token);
    vhost.access_token_ = std::move(token);
    spdlog::info("access token of {} renewed", vhost.path());
}

Channel &Hub::open_channel(Vhost &vhost, std::string_view name) {
    auto channel = std::make_unique<Channel>(std::string(name));
    store_.add_channel(vhost.path(), name);
    spdlog::info("channel {} of {} opened", name, vhost.path());
    warn_about_misleading_name(vhost.path(), name);
    return *vhost.channels_.emplace(name, std::move(channel)).first->second;
}

void Hub::close_channel(Vhost &vhost, Channel &channel) {
    store_.remove_channel(vhost.path(), channel.name());
    spdlog::info("channel {} of {} closed", channel.name(), vhost.path());
    const auto removed = vhost.channels_.extract(vhost.channels_.find(channel.name()));
    removed.mapped()->dissolve();
}

void Hub::close_all_channels(Vhost &vhost) {
    store_.remove_all_channels(vhost.path());
    spdlog::info("all channels of {} closed", vhost.path());
    const auto removed = std::move(vhost.channels_);
    vhost.channels_.clear();
    for (const auto &entry : removed)
        entry.second->dissolve();
}

void Hub::subscribe(Channel &channel, Subscription &subscription) {
    channel.add(subscription);
    if (subscription.member)
        publish(channel, member_joined(*subscription.member));
}

void Hub::unsubscribe(Subscription &subscription, std::string_view farewell) {
    Channel &channel = *subscription.channel;
    channel.remove(subscription);
    if (subscription.member)
        publish(channel, member_left(channel, *subscription.member, farewell));
}

} // namespace webrocket
