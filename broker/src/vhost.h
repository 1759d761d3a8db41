// One tenant: its channels, its tokens, its workers, its connections.
#pragma once

#include "channel.h"
#include "token_book.h"
#include "worker_pool.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>

namespace webrocket {

class Vhost {
  public:
    Vhost(std::string path, std::string access_token, std::unique_ptr<TokenBook> tokens,
          std::unique_ptr<WorkerRegistry> workers)
        : path_(std::move(path)), access_token_(std::move(access_token)),
          tokens_(std::move(tokens)), workers_(std::move(workers)) {}

    const std::string &path() const { return path_; }
    const std::string &access_token() const { return access_token_; }

    using Channels = std::map<std::string, std::unique_ptr<Channel>, std::less<>>;
    const Channels &channels() const { return channels_; }
    Channel *find_channel(std::string_view name) const {
        const auto found = channels_.find(name);
        return found == channels_.end() ? nullptr : found->second.get();
    }

    TokenBook &tokens() { return *tokens_; }
    WorkerRegistry &workers() { return *workers_; }
    const WorkerRegistry &workers() const { return *workers_; }

    void connect(Subscriber &subscriber) { subscribers_.insert(&subscriber); }
    void disconnect(Subscriber &subscriber) { subscribers_.erase(&subscriber); }

  private:
    friend class Hub; // the only one to change what is stored

    std::string path_;
    std::string access_token_;
    Channels channels_;
    std::unique_ptr<TokenBook> tokens_;
    std::unique_ptr<WorkerRegistry> workers_;
    std::unordered_set<Subscriber *> subscribers_;
};

} // namespace webrocket
