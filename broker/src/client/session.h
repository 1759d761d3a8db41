// The protocol state of one browser: who it is, what it listens to, and what its commands do.
#pragma once

#include "base/client_address.h"
#include "base/json.h"
#include "base/log.h"
#include "base/message_rate.h"
#include "base/secrets.h"
#include "base/without_exceptions.h"
#include "client/accepted_refs.h"
#include "client/answer_line.h"
#include "client/command.h"
#include "client/subscription_set.h"
#include "hub/exchange.h"
#include "hub/outgoing_event.h"
#include "hub/subscriber.h"
#include "hub/vhost.h"
#include "net/refusal_reason.h"
#include "net/shared_bytes.h"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <functional>
#include <memory>
#include <spdlog/spdlog.h>
#include <string>
#include <string_view>

namespace webrocket {

// How a session reaches its browser.
class SessionTransport {
  public:
    virtual EventLoop &loop() = 0;
    virtual const ClientAddress &address() const = 0;
    // Bytes that wait for it.
    virtual std::size_t pending_bytes() const = 0;
    // So many messages, each whole.
    virtual void send(const Frame &frames, std::size_t count) = 0;
    // For what comes from elsewhere than the browser: nothing that `call` throws reaches the loop.
    virtual void run(const std::function<void()> &call) = 0;
    // What was held of the browser's input, and what follows it.
    virtual void read_on(std::string_view held) = 0;
    // Sends a close frame and ends the connection in good order.
    virtual void close(std::uint16_t code) = 0;

  protected:
    ~SessionTransport() = default;
};

struct SessionRules {
    std::size_t subscriptions_max = 1000;
    // Of what a member of a presence channel says about itself: it is kept, and sent to everyone
    // who joins.
    std::size_t member_data_bytes_max = 4096;
    std::size_t nesting_max = json_depth_max;
    // Of one browser; 0: as many as it likes.
    std::size_t messages_per_second_max = 500;
    std::size_t bytes_per_second_max = std::size_t{512} << 10;
    // Of one message: until the browser has authenticated or subscribed, and afterwards.
    std::size_t first_message_bytes_max = std::size_t{16} << 10;
    std::size_t message_bytes_max = std::size_t{64} << 10;
    // Of its connection: between pings, for a message from its first byte to its last, and for a
    // browser to authenticate or subscribe (0: as long as it likes).
    std::chrono::milliseconds ping_interval{30000};
    std::chrono::milliseconds message_time{30000};
    std::chrono::milliseconds newcomer_time{300000};
    // Whether workers hear only of what authenticated browsers do.
    bool worker_events_need_auth = false;
};

class Session final : private Subscriber {
  public:
    Session(Exchange &exchange, std::shared_ptr<Vhost> vhost, SessionTransport &transport,
            std::shared_ptr<const SessionRules> rules);
    ~Session();
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    const SessionRules &rules() const { return *rules_; }
    void greet();
    // Returns false when the session has ended.
    bool on_message(std::string_view message);
    // Whether it has ever authenticated or subscribed.
    bool is_known() const { return is_known_; }
    std::size_t message_size_max() const;
    // Whose time of a loop it uses.
    const void *tenant() const { return vhost_.get(); }
    // For what it has said about itself on presence channels, for being on channels at all, and for
    // what waits for an answer.
    std::size_t held_bytes() const {
        return subscriptions_.held_bytes() + (line_ ? line_->held_bytes() : 0);
    }
    // Ends the session; whoever can still hear it is told.
    void leave(Departure departure);

    // Some of its commands wait for an answer. What the browser sends behind them is not taken at
    // all if one of them may change what it means, or if too much waits.
    bool is_waiting() const { return line_ != nullptr; }
    bool holds_input() const { return line_ && line_->holds_input(); }
    void hold_input(std::string_view input);
    // Now, or when all of them have been answered. Nothing is taken any more.
    void after_answers(std::function<void()> action);
    // Its turn is over in which events of its were taken.
    void on_turn_end() {
        transport_.run([this] { say_accepted(); });
    }
    // The first of them has its answer.
    void on_answer();
    // Asked now and then: whether one waits that waited already the last time. The browser is told,
    // and has to begin anew.
    bool has_waited_too_long() { return line_ && line_->is_stuck(); }
    void give_up();

    // Who it is, for log lines.
    std::string description() const;
    LogFields log_fields() const;

  private:
    std::string_view sid() const override { return {sid_.data(), sid_.size()}; }
    EventLoop &loop() override { return transport_.loop(); }
    void deliver(const Frame &frames, std::size_t count) override {
        transport_.send(frames, count);
    }
    ConnectionView view() const override;
    void channel_removed(Subscription &subscription) override;
    void vhost_removed() override;

    void auth(const Command &command);
    void subscribe(const Command &command);
    void unsubscribe(const Command &command);
    void broadcast(const Command &command);
    void trigger(const Command &command);
    void close();
    void become(std::shared_ptr<const Permission> permission);
    void join(const Command &command);
    void send_out(const OutgoingEvent &event);
    void keep(const OutgoingEvent &event);
    void answer_event(SentOut sent, std::string_view channel);
    void accept(bool is_unkept);
    void say_accepted();
    // The name of the command that is being obeyed.
    std::string &ref() { return loop().local<CommandRef>().text; }

    bool execute(const Command &command);
    void change(const Command &command);
    bool exceeds_rate(CommandKind kind, MessageRate::Clock::time_point now);
    bool tolerates_excess();
    template <typename... Arguments>
    void note(fmt::format_string<Arguments...> format, const Arguments &...arguments) const;
    void say(std::string message);
    void refuse(int code) { refuse(code, refusal_of_page(code)); }
    void refuse(int code, RefusalReason reason);
    void refuse_missing_channel(std::string_view name);
    bool may_join(std::string_view channel);
    void refuse_not_subscribed(std::string_view channel);
    bool may_stay(const Subscription &subscription);
    bool may_publish(std::string_view topic);
    std::string_view channel_of_sender(const JsonMembers &data) const;
    void forget_closed_channel(std::string_view name);
    void drop_all_subscriptions(Departure departure);
    void drop_forbidden_subscriptions();
    Sender sender() const { return {sid(), permission_ ? &permission_->uid : nullptr}; }

    using Behind = AnswerLine::Behind;
    using Action = void (Session::*)(const Command &);
    // What is said or done now would overtake something.
    bool must_wait() const { return line_ && !line_->is_at_work(); }
    void change_later(const Command &command);
    void with_command(const std::string &message, Action action);
    // Has `effect` done when the answer is there, with the session, or null, and the answer.
    template <typename T, typename Effect>
    void await(const Eventual<T> &eventual, Behind behind, std::size_t bytes, Effect effect);
    AnswerLine &line();
    bool take_answers();
    void do_what_is_due();

    Exchange &exchange_;
    std::shared_ptr<Vhost> vhost_; // null once the session has ended
    SessionTransport &transport_;
    const std::shared_ptr<const SessionRules> rules_;
    std::shared_ptr<const Permission> permission_;
    const std::chrono::system_clock::time_point since_ = std::chrono::system_clock::now();
    std::uint64_t messages_ = 0;
    std::uint64_t message_bytes_ = 0;
    MessageRate message_rate_;
    MessageRate byte_rate_;
    MessageRate
        subscription_rate_; // of what a page says on its own account, above all when it comes back
    MessageRate patience_;
    const Uuid sid_;
    std::uint32_t refused_ = 0; // grows no faster than it is borne with
    bool is_known_ = false;
    CommandKind command_ = CommandKind::malformed; // that is being obeyed
    SubscriptionSet subscriptions_;
    boost::intrusive_ptr<AnswerLine> line_; // while something waits
};

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

template <typename T, typename Effect>
void Session::await(const Eventual<T> &eventual, Behind behind, std::size_t bytes, Effect effect) {
    if (eventual.is_there() && !must_wait())
        return effect(this, eventual.answer());
    const boost::intrusive_ptr<AnswerLine> waiting(&line());
    const auto place = waiting->reserve(behind, bytes);
    const auto done = [waiting, place, kind = command_, ref = ref(),
                       effect = std::move(effect)](T answer) {
        waiting->answer(place, [kind, ref, effect, answer = std::move(answer)](Session *session) {
            if (session != nullptr) {
                session->command_ = kind;
                session->ref() = ref;
            }
            effect(session, answer);
        });
    };
    if (eventual.is_there())
        done(eventual.answer());
    else
        waiting->while_beginning([&] { eventual.begin(done); });
}

} // namespace webrocket
