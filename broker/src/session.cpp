#include "session.h"

#include "json.h"
#include "payload.h"
#include "presence.h"
#include "secrets.h"
#include "topic.h"

#include <algorithm>
#include <fmt/format.h>

namespace webrocket {
namespace {

namespace refusal {
constexpr int bad_request = 400;
constexpr int unauthorized = 402;
constexpr int forbidden = 403;
constexpr int not_subscribed = 453;
constexpr int channel_not_found = 454;
} // namespace refusal

std::string_view status_text(int code) {
    switch (code) {
    case refusal::bad_request:
        return "Bad request";
    case refusal::unauthorized:
        return "Unauthorized";
    case refusal::forbidden:
        return "Forbidden";
    case refusal::not_subscribed:
        return "Not subscribed";
    case refusal::channel_not_found:
        return "Channel not found";
    default:
        return "Internal error";
    }
}

} // namespace

Session::Session(Hub &hub, Vhost &vhost, SessionTransport &transport, const SessionRules &rules)
    : hub_(hub), vhost_(&vhost), transport_(transport), rules_(rules), sid_(random_uuid()) {
    vhost_->connect(*this);
}

Session::~Session() { leave(); }

void Session::leave() {
    if (vhost_ == nullptr)
        return;
    drop_all_subscriptions();
    vhost_->disconnect(*this);
    vhost_ = nullptr;
}

void Session::greet() { say(fmt::format(R"({{":connected":{{"sid":"{}"}}}})", sid_)); }

bool Session::on_message(std::string_view message) {
    if (vhost_ == nullptr)
        return false;
    const Command command = parse_command(message);
    switch (command.kind) {
    case CommandKind::malformed:
        refuse(refusal::bad_request);
        return true;
    case CommandKind::auth:
        auth(command);
        return true;
    case CommandKind::subscribe:
        subscribe(command);
        return true;
    case CommandKind::unsubscribe:
        unsubscribe(command);
        return true;
    case CommandKind::broadcast:
        broadcast(command);
        return true;
    case CommandKind::trigger:
        trigger(command);
        return true;
    case CommandKind::close:
        close();
        return false;
    case CommandKind::pong:
        return true;
    }
    return true;
}

void Session::say(std::string_view message) { transport_.send(websocket_text(message)); }

void Session::refuse(int code) {
    say(fmt::format(R"({{":error":{{"code":{},"status":"{}"}}}})", code, status_text(code)));
}

void Session::auth(const Command &command) {
    if (command.token.empty())
        return refuse(refusal::bad_request);
    auto permission = vhost_->tokens().spend(command.token);
    if (!permission) {
        // Whoever was somebody and fails to prove it again goes on as nobody.
        if (permission_)
            drop_all_subscriptions();
        permission_.reset();
        return refuse(refusal::unauthorized);
    }
    permission_ = std::move(permission);
    drop_forbidden_subscriptions();
    say(R"({":authenticated":{}})");
}

void Session::subscribe(const Command &command) {
    if (command.channel.empty())
        return refuse(refusal::bad_request);
    Channel *channel = vhost_->find_channel(command.channel);
    if (channel == nullptr)
        return refuse(refusal::channel_not_found);
    if (!may_join(*channel))
        return refuse(refusal::forbidden);
    if (subscription_to(*channel) != nullptr)
        return;
    if (subscriptions_.size() >= rules_.subscriptions_max)
        return refuse(refusal::forbidden);
    auto subscription = std::make_unique<Subscription>();
    subscription->subscriber = this;
    subscription->hidden = command.hidden;
    if (channel->type() == ChannelType::presence && !command.hidden) {
        if (command.data.size() > rules_.member_data_bytes_max)
            return refuse(refusal::bad_request);
        subscription->member =
            std::make_unique<Member>(make_member(*channel, permission_->uid, command.data));
    }
    say(subscribed_message(*channel));
    hub_.subscribe(*channel, *subscription);
    subscriptions_.push_back(std::move(subscription));
}

// Before the subscription: the newcomer is not on the roster that it gets.
std::string Session::subscribed_message(const Channel &channel) const {
    std::string message = fmt::format(R"({{":subscribed":{{"channel":"{}")", channel.name());
    if (needs_permission(channel.type()))
        message += fmt::format(R"(,"uid":{})", json_string(permission_->uid));
    if (channel.type() == ChannelType::presence)
        message += fmt::format(R"(,"subscribers":{})", roster(channel));
    return message + "}}";
}

void Session::unsubscribe(const Command &command) {
    if (command.channel.empty())
        return refuse(refusal::bad_request);
    const Channel *channel = vhost_->find_channel(command.channel);
    if (channel == nullptr)
        return refuse(refusal::channel_not_found);
    Subscription *subscription = subscription_to(*channel);
    if (subscription == nullptr)
        return refuse(refusal::not_subscribed);
    hub_.unsubscribe(*subscription, command.data);
    drop(*subscription);
    say(fmt::format(R"({{":unsubscribed":{{"channel":"{}"}}}})", channel->name()));
}

void Session::broadcast(const Command &command) {
    if (command.channel.empty() || !is_valid_browser_topic(command.event) ||
        (!command.trigger.empty() && !is_valid_browser_topic(command.trigger)))
        return refuse(refusal::bad_request);
    Channel *channel = vhost_->find_channel(command.channel);
    if (channel == nullptr)
        return refuse(refusal::channel_not_found);
    if (subscription_to(*channel) == nullptr)
        return refuse(refusal::not_subscribed);
    if (!command.trigger.empty() && !may_speak_for(command.trigger))
        return refuse(refusal::forbidden);
    const std::string name = '"' + channel->name() + '"';
    const std::string sid = '"' + sid_ + '"';
    const std::string payload = overlay_payload(command.data, {{"channel", name}, {"sid", sid}});
    hub_.publish(*channel, websocket_text(event_message(command.event_json, payload)));
    if (permission_ || !rules_.worker_events_need_auth)
        tell_workers(command.trigger.empty() ? implicit_topic(channel->name(), command.event)
                                             : command.trigger,
                     command.data, channel);
}

void Session::trigger(const Command &command) {
    if (!is_valid_browser_topic(command.event))
        return refuse(refusal::bad_request);
    if (!may_speak_for(command.event))
        return refuse(refusal::forbidden);
    tell_workers(command.event, command.data, nullptr);
}

void Session::close() {
    say(fmt::format(R"({{":closed":{{"sid":"{}"}}}})", sid_));
    leave();
    transport_.close(close_code::normal);
}

bool Session::may_join(const Channel &channel) {
    if (!needs_permission(channel.type()))
        return true;
    return permission_ && hub_.permits(*permission_, channel.name());
}

// A member keeps the name under which it came.
bool Session::may_stay(const Subscription &subscription) {
    return may_join(*subscription.channel) &&
           (!subscription.member || subscription.member->uid == permission_->uid);
}

// Explicit topics are for the authenticated; one in the name of a guarded channel only for those
// who may join it, or any of them could forge what workers take for that channel's events.
bool Session::may_speak_for(std::string_view topic) {
    if (!permission_)
        return false;
    const auto channel = guarded_channel(topic);
    return channel.empty() || hub_.permits(*permission_, channel);
}

void Session::tell_workers(std::string_view topic, std::string_view data, const Channel *channel) {
    if (!vhost_->workers().has_workers())
        return;
    const std::string sid = '"' + sid_ + '"';
    const std::string uid = permission_ ? json_string(permission_->uid) : "null";
    if (channel == nullptr) {
        vhost_->workers().dispatch(topic, overlay_payload(data, {{"sid", sid}, {"uid", uid}}));
        return;
    }
    const std::string name = '"' + channel->name() + '"';
    vhost_->workers().dispatch(
        topic, overlay_payload(data, {{"channel", name}, {"sid", sid}, {"uid", uid}}));
}

Subscription *Session::subscription_to(const Channel &channel) {
    const auto found = std::find_if(
        subscriptions_.begin(), subscriptions_.end(),
        [&channel](const auto &subscription) { return subscription->channel == &channel; });
    return found == subscriptions_.end() ? nullptr : found->get();
}

void Session::drop(Subscription &subscription) {
    std::erase_if(subscriptions_,
                  [&subscription](const auto &held) { return held.get() == &subscription; });
}

void Session::drop_all_subscriptions() {
    for (const auto &subscription : subscriptions_)
        hub_.unsubscribe(*subscription);
    subscriptions_.clear();
}

// A session that goes on as somebody else keeps what that somebody may hear.
void Session::drop_forbidden_subscriptions() {
    std::erase_if(subscriptions_, [this](const auto &subscription) {
        if (may_stay(*subscription))
            return false;
        hub_.unsubscribe(*subscription);
        return true;
    });
}

void Session::channel_removed(Subscription &subscription) {
    say(fmt::format(R"({{":unsubscribed":{{"channel":"{}"}}}})", subscription.channel->name()));
    drop(subscription);
}

void Session::vhost_removed() {
    vhost_ = nullptr;
    subscriptions_.clear();
    transport_.close(close_code::normal);
}

} // namespace webrocket
