#include "client/session.h"

#include "base/json.h"
#include "base/secrets.h"
#include "client/refusal_codes.h"
#include "hub/payload.h"
#include "hub/topic.h"
#include "websocket/frame.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace webrocket {
namespace {

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
    case refusal::unavailable:
        return "Service unavailable";
    default:
        return "Internal error";
    }
}

// Told to a page that is to try it again.
constexpr std::int64_t retry_after_ms = 1000;

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

Session::Session(Exchange &exchange, std::shared_ptr<Vhost> vhost, SessionTransport &transport,
                 std::shared_ptr<const SessionRules> rules)
    : exchange_(exchange), vhost_(std::move(vhost)), transport_(transport),
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
    loop().local<AcceptedRefs>().take(*this);
    if (line_)
        std::exchange(line_, nullptr)->forget_session();
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
    const auto now = time_for_rates(*rules_);
    const bool is_too_much = is_beyond(byte_rate_, byte_limit(*rules_), message.size(), now);
    auto &command = loop().local<Command>();
    parse_command(message, rules_->nesting_max, command);
    command_ = command.kind;
    ref() = command.ref;
    const bool goes_on =
        is_too_much || exceeds_rate(command.kind, now) ? tolerates_excess() : execute(command);
    return line_ == nullptr ? goes_on : take_answers();
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
    if (command.has_bad_ref) {
        refuse(refusal::bad_request);
        return true;
    }
    switch (command.kind) {
    case CommandKind::malformed:
        refuse(refusal::bad_request);
        return true;
    case CommandKind::broadcast:
        broadcast(command);
        return true;
    case CommandKind::trigger:
        trigger(command);
        return true;
    case CommandKind::pong:
        return true;
    case CommandKind::auth:
    case CommandKind::subscribe:
    case CommandKind::unsubscribe:
    case CommandKind::close:
        break;
    }
    if (must_wait())
        change_later(command);
    else
        change(command);
    return vhost_ != nullptr;
}

// What the session is, and so what its next command means.
void Session::change(const Command &command) {
    switch (command.kind) {
    case CommandKind::auth:
        return auth(command);
    case CommandKind::subscribe:
        return subscribe(command);
    case CommandKind::unsubscribe:
        return unsubscribe(command);
    default:
        return close();
    }
}

// Not before the answers to what came before.
void Session::say(std::string message) {
    if (!must_wait())
        return transport_.send(make_frame(websocket_text(std::move(message))), 1);
    const std::size_t size = message.size();
    const auto say_it = [text = std::move(message)](Session *session) {
        if (session != nullptr)
            session->say(text);
    };
    line_->append(say_it, Behind::goes_on, size);
}

void Session::refuse(int code, RefusalReason reason) {
    loop().figures().messages_refused.add(1);
    ++refused_;
    loop().refusals().add_described(Port::service, reason, transport_.address(), [&] {
        return std::pair(fmt::format("{} refused {}: {} {}", description(), name_of(command_), code,
                                     status_text(code)),
                         log_fields());
    });
    const bool passes = code == refusal::limit_reached || code == refusal::unavailable;
    say(error_message(code, status_text(code), ref(),
                      passes && !ref().empty() ? retry_after_ms : 0));
}

// When a vhost is removed its channels are gone before its browsers have been told; what they are
// to hear is the end of the connection, which is on its way.
void Session::refuse_missing_channel(std::string_view name) {
    if (!vhost_->is_closed())
        refuse(may_join(name) ? refusal::channel_not_found : refusal::forbidden);
}

// Whoever may not join a channel is not told whether it is there.
bool Session::may_join(std::string_view channel) {
    if (!needs_permission(channel_type(channel)))
        return true;
    return permission_ && exchange_.permits(*permission_, channel);
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
    return channel.empty() || exchange_.permits(*permission_, channel);
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

void Session::give_up() {
    std::exchange(line_, nullptr)->forget_session();
    ref().clear();
    refuse(refusal::unavailable);
    leave(Departure::lost);
    transport_.close(close_code::try_again_later);
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
