// One tenant: its parts, which stand by themselves, and its end. It has no lock: each part has its
// own rule for threads.
#pragma once

#include "hub/channel_directory.h"
#include "hub/connection_quota.h"
#include "hub/credentials.h"
#include "hub/fan_out_budget.h"
#include "hub/idempotency_keys.h"
#include "hub/sessions.h"
#include "hub/token_book.h"
#include "hub/tokens.h"
#include "hub/workers.h"
#include "net/event_loops.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>

namespace webrocket {

struct VhostLimits {
    TokenLimits tokens;
    std::size_t connections_max = 100000;
    ChannelLimits channels;
    WorkerLimits workers;
    KeyLimits keys;
    // More than a network of 25 Gbit/s carries.
    std::size_t fan_out_bytes_per_second_max = std::size_t{4} << 30;
};

class Vhost final : public std::enable_shared_from_this<Vhost> {
  public:
    Vhost(std::string path, const std::string &access_token, EventLoops &loops,
          const VhostLimits &limits);
    Vhost(const Vhost &) = delete;
    Vhost &operator=(const Vhost &) = delete;

    const std::string &path() const { return path_; }
    Credentials &credentials() { return credentials_; }
    ConnectionQuota &connections() { return connections_; }
    Tokens &tokens() { return tokens_; }
    Sessions &sessions() { return sessions_; }
    Workers &workers() { return workers_; }
    ChannelDirectory &channels() { return channels_; }
    IdempotencyKeys &keys() { return keys_; }

    // What is there already stays, even if it is more than that.
    void set_limits(const VhostLimits &limits);

    // Set before the first of its channels is gone.
    bool is_closed() const { return closed_; }
    // On the thread that makes changes. Everybody who is connected is told, and let go.
    void close();

  private:
    class Removal;

    void close_on(EventLoop &loop);

    const std::string path_;
    EventLoops &loops_;
    Credentials credentials_;
    ConnectionQuota connections_;
    Tokens tokens_;
    Sessions sessions_;
    Workers workers_;
    FanOutBudget fan_out_budget_;
    ChannelDirectory channels_;
    IdempotencyKeys keys_;
    std::atomic<bool> closed_ = false;
};

} // namespace webrocket
