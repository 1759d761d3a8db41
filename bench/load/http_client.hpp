// POST after POST over one connection that is kept alive; as many at once as one likes.
#pragma once

#include "connection.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Where requests go, and with which right.
struct http_address {
    int port;
    std::string target;
    std::string authorization; // the header's value, or empty
};

std::string http_head(const http_address &to, std::string_view method, std::string_view more);

class http_client : public connection {
  public:
    /// The bodies will all have one length.
    http_client(poller &loop, const http_address &to, std::size_t body_bytes);

    void post(std::string_view body);

    std::uint32_t posted() const { return posted_; }
    std::uint32_t answered() const { return answered_; }

  private:
    std::size_t on_bytes(std::string_view bytes) override;

    std::string head_;
    std::uint32_t posted_ = 0;
    std::uint32_t answered_ = 0;
};
