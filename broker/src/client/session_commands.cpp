// What a page's commands do.
#include "base/json.h"
#include "client/refusal_codes.h"
#include "client/session.h"
#include "hub/payload.h"
#include "hub/presence.h"
#include "hub/topic.h"
#include "websocket/frame.h"

#include <memory>
#include <string>
#include <utility>

namespace webrocket {

void Session::auth(const Command &command) {
    if (command.token.empty())
        return refuse(refusal::bad_request);
    auto spent = exchange_.spend(*vhost_, command.token);
    if (spent.is_there())
        return become(std::move(spent.answer()));
    await(spent, Behind::waits, 0, [](Session *session, const auto &permission) {
        if (session != nullptr)
            session->become(permission);
    });
}

void Session::become(std::shared_ptr<const Permission> permission) {
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
    if (!needs_permission(channel_type(command.channel)))
        return join(command);
    if (!permission_)
        return refuse(refusal::forbidden);
    auto may = exchange_.may_join(*permission_, command.channel);
    if (may.is_there())
        return may.answer() ? join(command) : refuse(refusal::forbidden);
    await(may, Behind::waits, command.message.size(),
          [message = std::string(command.message)](Session *session, bool may_join) {
              if (session != nullptr && may_join)
                  session->with_command(message, &Session::join);
              else if (session != nullptr)
                  session->refuse(refusal::forbidden);
          });
}

// Whoever may.
void Session::join(const Command &command) {
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
    subscription->held.set(held_bytes_of(*subscription));
    forget_closed_channel(channel->name());
    // Now: once the channel knows of it, it must not be lost for want of memory.
    subscriptions_.make_room_for_one();
    const JoinedChannel joined = channel->join(*subscription);
    if (joined.outcome == Joining::channel_closed)
        return refuse_missing_channel(channel->name());
    if (joined.outcome == Joining::budget_exceeded)
        return refuse(refusal::limit_reached, RefusalReason::fan_out);
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
    note("broadcast {} on {}", command.event_json, channel->name());
    const bool names_topic = !command.trigger.empty();
    const std::string implicit =
        names_topic ? std::string() : implicit_topic(channel->name(), command.event);
    send_out({names_topic ? PageEvent::trigger : PageEvent::broadcast, channel.get(),
              command.event_json, names_topic ? command.trigger : implicit, command.data_members,
              channel->name(), sender(), permission_ || !rules_->worker_events_need_auth,
              &transport_.address(), ref()});
}

void Session::trigger(const Command &command) {
    if (!is_valid_browser_topic(command.event))
        return refuse(refusal::bad_request);
    if (!may_publish(command.event))
        return refuse(refusal::forbidden);
    note("triggered {}", command.event_json);
    send_out({PageEvent::trigger, nullptr, command.event_json, command.event, command.data_members,
              channel_of_sender(command.data_members), sender(), true, &transport_.address(),
              ref()});
}

void Session::send_out(const OutgoingEvent &event) {
    if (line_ != nullptr || exchange_.keeps_events(*vhost_))
        keep(event);
    else
        answer_event(webrocket::send_out(event, *vhost_, loop()), event.channel_name);
}

// Others hear of it when it is kept where it has to be, and of all of the page's in their order.
void Session::keep(const OutgoingEvent &event) {
    const auto keeping = exchange_.keep(*vhost_, loop(), event);
    if (keeping.is_there() && keeping.answer() == Keeping::not_wanted && !must_wait())
        return answer_event(webrocket::send_out(event, *vhost_, loop()), event.channel_name);
    const auto held = std::make_shared<const HeldEvent>(event, vhost_, loop());
    await(keeping, Behind::goes_on, held->size(), [held](Session *session, Keeping answer) {
        const bool is_refused = answer == Keeping::unavailable || answer == Keeping::too_much;
        const SentOut sent = is_refused ? SentOut() : held->send_out(answer == Keeping::done);
        if (session == nullptr)
            return;
        if (is_refused)
            session->refuse(answer == Keeping::too_much ? refusal::limit_reached
                                                        : refusal::unavailable);
        else
            session->answer_event(sent, held->channel_name());
    });
}

void Session::answer_event(SentOut sent, std::string_view channel) {
    switch (sent.outcome) {
    case Publishing::published:
        return accept(sent.is_unheard);
    case Publishing::channel_closed:
        return refuse_missing_channel(channel);
    case Publishing::budget_exceeded:
        return refuse(refusal::limit_reached, RefusalReason::fan_out);
    }
}

void Session::accept(bool is_unkept) {
    if (!ref().empty())
        loop().local<AcceptedRefs>().add(loop(), *this, ref(), is_unkept);
}

// Whatever else waits for an answer.
void Session::say_accepted() {
    const TakenEvents taken = loop().local<AcceptedRefs>().take(*this);
    if (taken.refs.empty())
        return;
    transport_.send(make_frame(websocket_text(accepted_message(taken.refs, taken.unkept))), 1);
}

void Session::close() {
    say_accepted();
    say(closed_message(sid()));
    leave(Departure::closed);
    transport_.close(close_code::normal);
}

} // namespace webrocket
