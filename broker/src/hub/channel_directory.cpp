#include "hub/channel_directory.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <utility>

namespace webrocket {

void ChannelDirectory::set_limits(const ChannelLimits &limits) {
    channels_max_ = limits.channels_max;
    roster_limits_.set(limits.roster);
}

std::shared_ptr<Channel> ChannelDirectory::find(std::string_view name) const {
    const std::shared_lock lock(mutex_);
    const auto found = channels_.find(name);
    if (found == channels_.end() || found->second->is_closed())
        return nullptr;
    return found->second;
}

std::size_t ChannelDirectory::count() const {
    const std::shared_lock lock(mutex_);
    return channels_.size();
}

std::vector<ChannelSummary> ChannelDirectory::list() const {
    return list({}, {}, std::numeric_limits<std::size_t>::max());
}

std::vector<ChannelSummary> ChannelDirectory::list(std::string_view prefix, std::string_view after,
                                                   std::size_t limit) const {
    std::vector<std::shared_ptr<Channel>> channels;
    {
        const std::shared_lock lock(mutex_);
        channels.reserve(std::min(limit, channels_.size()));
        auto at = after < prefix ? channels_.lower_bound(prefix) : channels_.upper_bound(after);
        for (; at != channels_.end() && at->first.starts_with(prefix) && channels.size() < limit;
             ++at)
            channels.push_back(at->second);
    }
    std::vector<ChannelSummary> summaries;
    summaries.reserve(channels.size());
    for (const auto &channel : channels)
        summaries.push_back(channel->summary());
    return summaries;
}

void ChannelDirectory::open(std::string_view name) {
    auto channel =
        std::make_shared<Channel>(std::string(name), loops_, workers_, roster_limits_, budget_);
    const std::unique_lock lock(mutex_);
    channels_.emplace(name, std::move(channel));
}

// Nobody else changes them: what this thread reads of them needs no lock.
void ChannelDirectory::close(std::string_view name) {
    const auto found = channels_.find(name);
    if (found == channels_.end())
        return;
    const auto channel = found->second; // until the lock is free
    channel->close();
    const std::unique_lock lock(mutex_);
    channels_.erase(found);
}

void ChannelDirectory::close_all() {
    for (const auto &entry : channels_)
        entry.second->close();
    forget_all();
}

void ChannelDirectory::close_with_vhost() {
    for (const auto &entry : channels_)
        entry.second->close_with_vhost();
    forget_all();
}

void ChannelDirectory::forget_all() {
    Channels closed; // freed without the lock
    const std::unique_lock lock(mutex_);
    closed.swap(channels_);
}

} // namespace webrocket
