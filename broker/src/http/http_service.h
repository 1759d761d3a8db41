// What the connections of one port speak, and to whom.
#pragma once

#include "http/http_connection.h"
#include "http/http_message.h"
#include "net/port_service.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace webrocket {

class HttpService final : public PortService {
  public:
    HttpService(HttpHandler &handler, HttpRules rules, std::size_t unread_bytes_max)
        : handler_(handler), rules_(std::move(rules)),
          unread_(std::make_shared<UnreadByteBudget>(unread_bytes_max)) {}

    bool is_proxy(const ClientAddress &address) const override {
        return rules_.proxies.trusts(address);
    }
    std::unique_ptr<Protocol> serve(Connection &connection) override {
        return std::make_unique<HttpConnection>(connection, handler_, rules_, unread_);
    }
    std::string_view no_room() const override {
        return "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\n"
               "Content-Length: 0\r\nConnection: close\r\n\r\n";
    }

    // Any thread.
    void set_unread_bytes_max(std::size_t bytes_max) { unread_->set_limit(bytes_max); }

  private:
    HttpHandler &handler_;
    const HttpRules rules_;
    const std::shared_ptr<UnreadByteBudget> unread_;
};

} // namespace webrocket
