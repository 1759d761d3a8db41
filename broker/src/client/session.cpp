#include "client/session.h"

#include "base/json.h"
#include "base/secrets.h"
#include "hub/payload.h"
#include "hub/presence.h"
#include "hub/topic.h"
#include "websocket/frame.h"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace webrocket {
namespace {

namespace refusal {
constexpr int bad_request = 400;
constexpr int unauthorized = 402;
constexpr int forbidden = 403;
constexpr int limit_reached = 429;
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
    case refusal::limit_reached:
        return "Limit reached";
    case refusal::not_subscribed:
        return "Not subscribed";
    case refusal::channel_not_found:
        return "Channel not found";
    default:
        return "Internal error";
    }
}

// After a silence, of what may come in a second: a page has things to say when it comes back.
constexpr std::size_t at_once = 2;

RateLimit message_limit(const SessionRules &rules) {
    return {rules.messages_per_second_max, at_once * rules.messages_per_second_max};
}

RateLimit byte_limit(const SessionRules &rules) {
    return {rules.bytes_per_second_max,
            std::max(at_once * rules.bytes_per_second_max, rules.message_bytes_max)};
}

// Who comes back subscribes to all its channels at once; then there is no hurry.
RateLimit subscription_limit(const SessionRules &rules) {
    constexpr std::size_t per_second = 10;
    return {rules.messages_per_second_max == 0 ? 0 : per_second,
            std::max(rules.subscriptions_max, per_second)};
}

// So many refusals for speaking too fast are borne with.
RateLimit refusal_limit() {
    constexpr std::size_t per_second = 16;
    constexpr std::size_t in_one_go = 1000;
    return {per_second, in_one_go};
}

bool is_beyond(MessageRate &rate, const RateLimit &limit, std::size_t amount,
               MessageRate::Clock::time_point now) {
    return limit.exists() && !rate.allows(limit, amount, now);
}

// The clock is read once for all rates of a message, and not where there are none.
MessageRate::Clock::time_point time_for_rates(const SessionRules &rules) {
    if (rules.bytes_per_second_max == 0 && rules.messages_per_second_max == 0)
        return {};
    return MessageRate::Clock::now();
}

std::string_view name_of(CommandKind kind) {
    switch (kind) {
    case CommandKind::malformed:
        return "a message that is no command";
    case CommandKind::auth:
        return "auth";
    case CommandKind::subscribe:
        return "subscribe";
    case CommandKind::unsubscribe:
        return "unsubscribe";
    case CommandKind::broadcast:
        return "broadcast";
    case CommandKind::trigger:
        return "trigger";
    case CommandKind::close:
        return "close";
    case CommandKind::pong:
        return "pong";
    }
    return "";
}

} // namespace

// What browsers do is of interest to whoever looks for an error of theirs; what they say is not.
template <typename... Arguments>
void Session::note(fmt::format_string<Arguments...> format, const Arguments &...arguments) const {
    if (!spdlog::should_log(spdlog::level::debug))
        return;
    without_exceptions([&] {
        log(spdlog::level::debug,
            fmt::format("{} {}", description(),
                        fmt::vformat(format, fmt::make_format_args(arguments...))),
            log_fields());
    });
}

Session::Session(VhostRegistry &registry, std::shared_ptr<Vhost> vhost, SessionTransport &transport,
                 std::shared_ptr<const SessionRules> rules)
    : registry_(registry), vhost_(std::move(vhost)), transport_(transport),
      rules_(std::move(rules)), message_rate_(message_limit(*rules_), MessageRate::Clock::now()),
      byte_rate_(byte_limit(*rules_), MessageRate::Clock::now()),
      subscription_rate_(subscription_limit(*rules_), MessageRate::Clock::now()),
      patience_(refusal_limit(), MessageRate::Clock::now()), sid_(random_uuid()) {
    vhost_->sessions().add(*this);
    note("connected");
}

Session::~Session() { leave(Departure::lost); }

void Session::leave(Departure departure) {
    if (!vhost_)
        return;
    note("disconnected: {}", name_of(departure));
    drop_all_subscriptions(departure);
    vhost_->sessions().remove(*this);
    vhost_.reset();
}

std::string Session::description() const {
    return fmt::format("browser sid={} uid={} vhost={} address={}", sid(),
                       permission_ ? json_string(permission_->uid) : "-",
                       vhost_ ? vhost_->path() : "-", transport_.address().text());
}

LogFields Session::log_fields() const {
    LogFields fields{log_field("sid", sid())};
    if (permission_)
        fields.push_back(log_field("uid", permission_->uid));
    if (vhost_)
        fields.push_back(log_field("vhost", vhost_->path()));
    fields.push_back(log_field("address", transport_.address().text()));
    return fields;
}

ConnectionView Session::view() const {
    ConnectionView view;
    view.sid = sid();
    if (permission_)
        view.uid = permission_->uid;
    view.address = transport_.address();
    view.since = since_;
    view.messages = messages_;
    view.bytes = message_bytes_;
    view.refused = refused_;
    view.queue = transport_.pending_bytes();
    return view;
}

void Session::greet() { say(connected_message(sid())); }

bool Session::on_message(std::string_view message) {
    if (!vhost_)
        return false;
    loop().figures().messages_received.add(1);
    ++messages_;
    message_bytes_ += message.size();
    command_ = CommandKind::malformed;
    const auto now = time_for_rates(*rules_);
    if (is_beyond(byte_rate_, byte_limit(*rules_), message.size(), now))
        return tolerates_excess();
    auto &command = loop().local<Command>();
    parse_command(message, rules_->nesting_max, command);
    command_ = command.kind;
    return exceeds_rate(command.kind, now) ? tolerates_excess() : execute(command);
}

// What a page says of its subscriptions is limited where its messages are.
bool Session::exceeds_rate(CommandKind kind, MessageRate::Clock::time_point now) {
    const bool is_of_subscriptions = kind == CommandKind::auth || kind == CommandKind::subscribe ||
                                     kind == CommandKind::unsubscribe;
    return is_of_subscriptions ? is_beyond(subscription_rate_, subscription_limit(*rules_), 1, now)
                               : is_beyond(message_rate_, message_limit(*rules_), 1, now);
}

// A page that does not listen to refusals is none that anybody waits for.
bool Session::tolerates_excess() {
    refuse(refusal::limit_reached);
    if (patience_.allows(refusal_limit(), 1, MessageRate::Clock::now()))
        return true;
    loop().refusals().add_described(
        Port::service, RefusalReason::page_too_fast, transport_.address(), [&] {
            return std::pair(description() + " dropped: it goes on speaking too fast",
                             log_fields());
        });
    leave(Departure::lost);
    transport_.close(close_code::policy_violation);
    return false;
}

std::size_t Session::message_size_max() const {
    return is_known_ ? rules_->message_bytes_max
                     : std::min(rules_->first_message_bytes_max, rules_->message_bytes_max);
}

// Data that would be no document to many of those who are to read it goes nowhere.
bool Session::execute(const Command &command) {
    if (command.data_flaw != JsonFlaw::none) {
        note("sent data with {}", describe(command.data_flaw));
        refuse(refusal::bad_request);
        return true;
    }
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

void Session::say(std::string_view message) {
    transport_.send(make_frame(websocket_text(message)));
}

void Session::refuse(int code) {
    loop().figures().messages_refused.add(1);
    ++refused_;
    loop().refusals().add_described(
        Port::service, refusal_of_page(code), transport_.address(), [&] {
            return std::pair(fmt::format("{} refused {}: {} {}", description(), name_of(command_),
                                         code, status_text(code)),
                             log_fields());
        });
    say(error_message(code, status_text(code)));
}

// When a vhost is removed its channels are gone before its browsers have been told; what they are
// to hear is the end of the connection, which is on its way.
void Session::refuse_missing_channel(std::string_view name) {
    if (!vhost_->is_closed())
        refuse(may_join(name) ? refusal::channel_not_found : refusal::forbidden);
}

void Session::auth(const Command &command) {
    if (command.token.empty())
        return refuse(refusal::bad_request);
    auto permission = vhost_->tokens().spend(command.token);
    if (!permission) {
        // Whoever was somebody and fails to prove it again goes on as nobody.
        if (permission_)
            drop_all_subscriptions(Departure::left);
        permission_.reset();
        return refuse(refusal::unauthorized);
    }
    permission_ = std::move(permission);
    is_known_ = true;
    drop_forbidden_subscriptions();
    say(authenticated_message());
    note("authenticated");
}

void Session::subscribe(const Command &command) {
    if (command.channel.empty())
        return refuse(refusal::bad_request);
    if (!may_join(command.channel))
        return refuse(refusal::forbidden);
    const auto channel = vhost_->channels().find(command.channel);
    if (!channel)
        return refuse_missing_channel(command.channel);
    const Subscription *held = subscriptions_.find(command.channel);
    if (held != nullptr && held->channel == channel)
        return;
    if (subscriptions_.size() >= rules_->subscriptions_max)
        return refuse(refusal::limit_reached);
    auto subscription = std::make_unique<Subscription>();
    subscription->subscriber = this;
    subscription->identity = permission_;
    subscription->hidden = command.hidden;
    if (channel->type() == ChannelType::presence) {
        if (command.data.size() > rules_->member_data_bytes_max)
            return refuse(refusal::limit_reached);
        subscription->data = command.data;
        if (!command.hidden)
            subscription->member = std::make_unique<Member>(
                make_member(*channel, permission_->uid, command.data_members));
    }
    forget_closed_channel(channel->name());
    // Now: once the channel knows of it, it must not be lost for want of memory.
    subscriptions_.make_room_for_one();
    const Joined joined = channel->join(*subscription);
    if (joined.outcome == Joining::channel_closed)
        return refuse_missing_channel(channel->name());
    if (joined.outcome != Joining::joined)
        return refuse(refusal::limit_reached);
    subscriptions_.add(std::move(subscription));
    is_known_ = true;
    // Before all that the channel has for it, which it hears in a later turn of this loop.
    say(subscribed_message(channel->name(),
                           needs_permission(channel->type()) ? &permission_->uid : nullptr,
                           joined.roster));
    note("subscribed to {}", channel->name());
}

// Of the same name as one that was closed, and whose end is still on its way here: the browser
// would take that for the end of the new one.
void Session::forget_closed_channel(std::string_view name) {
    Subscription *closed = subscriptions_.find(name);
    if (closed == nullptr)
        return;
    closed->channel->leave(*closed, Departure::removed);
    channel_removed(*closed);
}

void Session::unsubscribe(const Command &command) {
    if (command.channel.empty())
        return refuse(refusal::bad_request);
    Subscription *subscription = subscriptions_.find(command.channel);
    if (subscription == nullptr || subscription->channel->is_closed())
        return refuse_not_subscribed(command.channel);
    if (command.data.size() > rules_->member_data_bytes_max)
        return refuse(refusal::limit_reached);
    const auto channel = subscription->channel;
    channel->leave(*subscription, Departure::left, command.data_members);
    subscriptions_.remove(*subscription);
    say(unsubscribed_message(channel->name()));
    note("unsubscribed from {}", channel->name());
}

void Session::broadcast(const Command &command) {
    if (command.channel.empty() || !is_valid_browser_topic(command.event) ||
        (!command.trigger.empty() && !is_valid_browser_topic(command.trigger)))
        return refuse(refusal::bad_request);
    const Subscription *subscription = subscriptions_.find(command.channel);
    if (subscription == nullptr || subscription->channel->is_closed())
        return refuse_not_subscribed(command.channel);
    const auto &channel = subscription->channel;
    if (!command.trigger.empty() && !may_publish(command.trigger))
        return refuse(refusal::forbidden);
    const JsonMembers &data = command.data_members;
    if (!channel->publish(broadcast_message(command.event_json, data, channel->name(), sid())))
        return refuse_missing_channel(command.channel);
    note("broadcast {} on {}", command.event_json, channel->name());
    if (permission_ || !rules_->worker_events_need_auth)
        dispatch_to_workers(command.trigger.empty() ? PageEvent::broadcast : PageEvent::trigger,
                            command.trigger.empty() ? implicit_topic(channel->name(), command.event)
                                                    : command.trigger,
                            data, channel->name());
}

void Session::trigger(const Command &command) {
    if (!is_valid_browser_topic(command.event))
        return refuse(refusal::bad_request);
    if (!may_publish(command.event))
        return refuse(refusal::forbidden);
    note("triggered {}", command.event_json);
    const JsonMembers &data = command.data_members;
    dispatch_to_workers(PageEvent::trigger, command.event, data, channel_of_sender(data));
}

void Session::close() {
    say(closed_message(sid()));
    leave(Departure::closed);
    transport_.close(close_code::normal);
}

// Whoever may not join a channel is not told whether it is there.
bool Session::may_join(std::string_view channel) {
    if (!needs_permission(channel_type(channel)))
        return true;
    return permission_ && registry_.permits(*permission_, channel);
}

void Session::refuse_not_subscribed(std::string_view channel) {
    if (!vhost_->channels().find(channel))
        return refuse_missing_channel(channel);
    refuse(may_join(channel) ? refusal::not_subscribed : refusal::forbidden);
}

// A member keeps the name under which it came, and so do those who are hidden: workers know them.
bool Session::may_stay(const Subscription &subscription) {
    const Channel &channel = *subscription.channel;
    return may_join(channel.name()) && (channel.type() != ChannelType::presence ||
                                        subscription.identity->uid == permission_->uid);
}

// Explicit topics are for the authenticated; one in the name of a guarded channel only for those
// who may join it, or any of them could forge what workers take for that channel's events.
bool Session::may_publish(std::string_view topic) {
    if (!permission_)
        return false;
    const auto channel = guarded_channel(topic);
    return channel.empty() || registry_.permits(*permission_, channel);
}

// A trigger goes to no channel, but its data may name one, as those of old clients do. The broker
// repeats that where it can vouch for it: the page is on the channel. Empty where it cannot.
std::string_view Session::channel_of_sender(const JsonMembers &data) const {
    const JsonMember *named = find_member(data, "channel");
    if (named == nullptr || named->type != JsonType::string)
        return {};
    const Subscription *subscription = subscriptions_.find(decode_json_string(named->value));
    return subscription != nullptr ? std::string_view(subscription->channel->name())
                                   : std::string_view();
}

void Session::dispatch_to_workers(PageEvent kind, std::string_view topic, const JsonMembers &data,
                                  std::string_view channel) {
    Workers &workers = vhost_->workers();
    if (!workers.is_anybody_there())
        return workers.note_unheard(kind);
    workers.dispatch_of_page(loop(), kind, topic, [&] {
        const Sender sender{sid(), permission_ ? &permission_->uid : nullptr};
        return event_record(topic, data, channel, sender);
    });
}

void Session::drop_all_subscriptions(Departure departure) {
    for (const auto &subscription : subscriptions_.take_all())
        subscription->channel->leave(*subscription, departure);
}

// A session that goes on as somebody else keeps what that somebody may hear.
void Session::drop_forbidden_subscriptions() {
    subscriptions_.remove_if([this](Subscription &subscription) {
        if (may_stay(subscription)) {
            subscription.channel->identify(subscription, permission_);
            return false;
        }
        subscription.channel->leave(subscription, Departure::left);
        return true;
    });
}

void Session::channel_removed(Subscription &subscription) {
    say(unsubscribed_message(subscription.channel->name()));
    subscriptions_.remove(subscription);
}

void Session::vhost_removed() {
    leave(Departure::removed);
    transport_.close(close_code::normal);
}

} // namespace webrocket
