// The protocol state of one browser: who it is, what it listens to, and what its commands do.
#pragma once

#include "base/client_address.h"
#include "base/json.h"
#include "base/log.h"
#include "base/message_rate.h"
#include "base/secrets.h"
#include "client/command.h"
#include "client/subscription_set.h"
#include "hub/vhost_registry.h"
#include "net/shared_bytes.h"

#include <chrono>
#include <cstdint>
#include <fmt/format.h>
#include <memory>
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
    virtual void send(const Frame &frame) = 0;
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
    Session(VhostRegistry &registry, std::shared_ptr<Vhost> vhost, SessionTransport &transport,
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
    // Ends the session; whoever can still hear it is told.
    void leave(Departure departure);
    // Who it is, for log lines.
    std::string description() const;
    LogFields log_fields() const;

  private:
    std::string_view sid() const override { return {sid_.data(), sid_.size()}; }
    EventLoop &loop() override { return transport_.loop(); }
    void deliver(const Frame &frame) override { transport_.send(frame); }
    ConnectionView view() const override;
    void channel_removed(Subscription &subscription) override;
    void vhost_removed() override;

    void auth(const Command &command);
    void subscribe(const Command &command);
    void unsubscribe(const Command &command);
    void broadcast(const Command &command);
    void trigger(const Command &command);
    void close();

    bool execute(const Command &command);
    bool exceeds_rate(CommandKind kind, MessageRate::Clock::time_point now);
    bool tolerates_excess();
    template <typename... Arguments>
    void note(fmt::format_string<Arguments...> format, const Arguments &...arguments) const;
    void say(std::string_view message);
    void refuse(int code);
    void refuse_missing_channel(std::string_view name);
    bool may_join(std::string_view channel);
    void refuse_not_subscribed(std::string_view channel);
    bool may_stay(const Subscription &subscription);
    bool may_publish(std::string_view topic);
    std::string_view channel_of_sender(const JsonMembers &data) const;
    void dispatch_to_workers(PageEvent kind, std::string_view topic, const JsonMembers &data,
                             std::string_view channel);
    void forget_closed_channel(std::string_view name);
    void drop_all_subscriptions(Departure departure);
    void drop_forbidden_subscriptions();

    VhostRegistry &registry_;
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
};

} // namespace webrocket
