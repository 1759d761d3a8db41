// The application's own web server: the page, signing in, and the token for the broker.
#ifndef CHAT_WEB_HPP
#define CHAT_WEB_HPP

#include <functional>
#include <memory>
#include <string>

#include "visitors.hpp"

namespace chat {

class web {
  public:
    struct settings {
        std::string page_directory;
        std::string broker_url; // where browsers find the broker: ws://HOST:PORT/VHOST
        std::function<std::string(const visitor &)> token_for;
    };

    // Begins to listen on `address`, HOST:PORT with port 0 for any, and serves on threads of its
    // own.
    web(const std::string &address, settings config, visitors &visitors);
    ~web();
    web(const web &) = delete;
    web &operator=(const web &) = delete;

    const std::string &address() const { return address_; }

  private:
    struct server;
    std::unique_ptr<server> server_;
    std::string address_;
};

} // namespace chat

#endif
