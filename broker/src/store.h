// What must survive a restart: vhosts, their tokens, their channels.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

struct StoredVhost {
    std::string path;
    std::string access_token;
    std::vector<std::string> channels;
};

// Nothing was written.
class StoreError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

// Every change is durable when its call returns, and has not happened when it throws StoreError.
class Store {
  public:
    virtual ~Store() = default;
    virtual std::vector<StoredVhost> load() = 0;
    virtual void add_vhost(std::string_view path, std::string_view access_token) = 0;
    virtual void remove_vhost(std::string_view path) = 0;
    virtual void remove_all_vhosts() = 0;
    virtual void set_access_token(std::string_view path, std::string_view access_token) = 0;
    virtual void add_channel(std::string_view vhost, std::string_view channel) = 0;
    virtual void remove_channel(std::string_view vhost, std::string_view channel) = 0;
    virtual void remove_all_channels(std::string_view vhost) = 0;
};

} // namespace webrocket
