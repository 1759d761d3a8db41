// A browser, or what takes its place at another server: one WebSocket connection that hears what is
// said on the one channel, and may say something.
#pragma once

#include "numbered_text.hpp"
#include "websocket.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// What a subscriber gets has this size, whatever the server wraps it in when it is published.
constexpr std::size_t message_bytes = 200;

class participant : public websocket {
  public:
    using hearing = std::function<void(std::string_view message)>;

    using websocket::websocket;

    /// Connected, and subscribed if it wants to.
    bool is_ready() const { return is_ready_; }

    void on_event(hearing hear) { hear_ = std::move(hear); }

    virtual void publish(message_number number) = 0;

    /// What subscribers hear of what this one publishes.
    virtual numbered_text heard() const = 0;

    /// The same for the one worker.
    virtual numbered_text heard_by_worker() const { return heard(); }

    /// Sends what is answered to this one alone, and what that answer is.
    virtual void ask(message_number number) = 0;
    virtual numbered_text answer() const = 0;

  protected:
    void become_ready() { is_ready_ = true; }
    void hear(std::string_view message) const {
        if (hear_)
            hear_(message);
    }

  private:
    bool is_ready_ = false;
    hearing hear_;
};

/// What a participant is there for.
struct role {
    bool subscribes = true;
    std::string token; // to authenticate with; or empty
};

/// A server's language.
class dialect {
  public:
    virtual ~dialect() = default;
    virtual std::unique_ptr<participant> join(poller &loop, int port, const role &as) const = 0;

    /// The body of a request that publishes, and what subscribers hear of it.
    virtual numbered_text posted() const = 0;
    virtual numbered_text heard_of_posted() const = 0;
};

const dialect &dialect_named(const std::string &name);
