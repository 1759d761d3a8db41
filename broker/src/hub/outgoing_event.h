// What a page sends to others: to a channel, to workers, or to both.
#pragma once

#include "base/client_address.h"
#include "base/json.h"
#include "hub/channel.h"
#include "hub/payload.h"
#include "hub/vhost.h"
#include "hub/workers.h"
#include "net/event_loop.h"
#include "net/shared_bytes.h"

#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

// Views of the command that is being carried out.
struct OutgoingEvent {
    PageEvent kind;
    Channel *channel;           // null: for workers alone
    std::string_view name_json; // on the channel, with its quotes
    std::string_view topic;
    const JsonMembers &data;
    std::string_view channel_name; // that it has to do with; may be empty
    Sender sender;
    bool is_for_workers = true;
    const ClientAddress *address = nullptr; // of the sender
    std::string_view ref = {};              // by which the sender knows it

    mutable SharedBytes made_record = nullptr;

    // For workers; made when it is first asked for.
    const SharedBytes &record() const;
};

struct SentOut {
    Publishing outcome = Publishing::published;
    bool is_unheard = false; // no worker was there for it
};

// First its channel hears of it, then workers. Nobody does where it cannot be published. What is
// kept for others has somebody who hears of it.
SentOut send_out(const OutgoingEvent &event, Vhost &vhost, EventLoop &loop, bool is_kept = false);

// One that has to wait, with all that it needs.
class HeldEvent {
  public:
    HeldEvent(const OutgoingEvent &event, std::shared_ptr<Vhost> vhost, EventLoop &loop);

    SentOut send_out(bool is_kept) const;
    const std::string &channel_name() const { return channel_name_; }
    // In memory.
    std::size_t size() const { return message_.size() + (record_ ? record_->size() : 0); }

  private:
    const std::shared_ptr<Vhost> vhost_;
    EventLoop &loop_;
    const PageEvent kind_;
    const std::shared_ptr<Channel> channel_;
    const std::string channel_name_;
    const std::string topic_;
    const bool is_for_workers_;
    const std::string message_;
    const SharedBytes record_; // null if it is not for workers
};

} // namespace webrocket
